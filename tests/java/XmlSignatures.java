import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;
import javax.security.auth.x500.X500Principal;
import javax.xml.XMLConstants;
import javax.xml.crypto.Data;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.URIReference;
import javax.xml.crypto.URIReferenceException;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dom.DOMCryptoContext;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dom.DOMURIReference;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Manifest;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignatureMethod;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLObject;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.ExcC14NParameterSpec;
import javax.xml.crypto.dsig.spec.RSAPSSParameterSpec;
import javax.xml.crypto.dsig.spec.SignatureMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.crypto.dsig.spec.XPathFilter2ParameterSpec;
import javax.xml.crypto.dsig.spec.XPathFilterParameterSpec;
import javax.xml.crypto.dsig.spec.XPathType;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Attr;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * XML signatures of the JDK (JSR 105), made and verified as vendors do: a DOM tree, and the identity transformer that
 * writes it.
 */
public final class XmlSignatures {
    private static final String DS = XMLSignature.XMLNS;
    private static final String DS11 = "http://www.w3.org/2009/xmldsig11#";
    private static final String SECURE = "org.jcp.xml.dsig.secureValidation";
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    private XmlSignatures() {}

    public static void main(String[] arguments) throws Exception {
        Lines.serve(
                (word, given, told) -> {
                    switch (word) {
                        case "sign":
                            told.add("document", sign(given));
                            break;
                        case "verify":
                            verify(given, told);
                            break;
                        case "names":
                            names(given, told);
                            break;
                        case "canonical":
                            told.add("octets", canonical(given));
                            break;
                        default:
                            throw new IllegalArgumentException(word);
                    }
                });
    }

    // -- documents ---------------------------------------------------------------------------------

    private static Document parsed(byte[] octets) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        builder.setErrorHandler(null);
        return builder.parse(new ByteArrayInputStream(octets));
    }

    private static Document empty() throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().newDocument();
    }

    private static byte[] written(Document document) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Transformer transformer = TransformerFactory.newInstance().newTransformer();
        transformer.transform(new DOMSource(document), new StreamResult(out));
        return out.toByteArray();
    }

    /** Tell the context which attributes are Ids: no schema says it. */
    private static void findIds(DOMCryptoContext context, Node node) {
        if (node instanceof Element) {
            Element element = (Element) node;
            NamedNodeMap attributes = element.getAttributes();
            for (int at = 0; at < attributes.getLength(); at++) {
                Attr attribute = (Attr) attributes.item(at);
                String name = attribute.getLocalName();
                String space = attribute.getNamespaceURI();
                if ("id".equalsIgnoreCase(name) && (space == null || XMLConstants.XML_NS_URI.equals(space))) {
                    context.setIdAttributeNS(element, space, name);
                }
            }
        }
        for (Node child = node.getFirstChild(); child != null; child = child.getNextSibling()) {
            findIds(context, child);
        }
    }

    /** Octets for the URIs that are given, in turn, by "uri" and "content"; the JDK's own way for all others. */
    private static URIDereferencer resolver(Lines.Fields given) {
        Map<String, byte[]> known = new HashMap<>();
        List<String> uris = given.texts("uri");
        for (int at = 0; at < uris.size(); at++) {
            known.put(uris.get(at), given.all("content").get(at));
        }
        return (reference, context) -> {
            byte[] found = known.get(reference.getURI());
            return found == null
                    ? FACTORY.getURIDereferencer().dereference(reference, context)
                    : new OctetStreamData(new ByteArrayInputStream(found), reference.getURI(), null);
        };
    }

    // -- signing -----------------------------------------------------------------------------------

    private static byte[] sign(Lines.Fields given) throws Exception {
        boolean alone = given.octets("document") == null;
        Document document = alone ? empty() : parsed(given.octets("document"));
        List<XMLObject> objects = objects(given, document);
        List<Reference> references = references(given, "reference");
        if (!given.all("listed").isEmpty()) {
            Manifest manifest = FACTORY.newManifest(references(given, "listed"), "manifest");
            objects.add(FACTORY.newXMLObject(List.of(manifest), null, null, null));
        }
        CanonicalizationMethod form =
                FACTORY.newCanonicalizationMethod(given.text("canonicalization"), (C14NMethodParameterSpec) null);
        SignedInfo info = FACTORY.newSignedInfo(form, method(given), references);
        X509Certificate certificate = given.certificate("certificate");
        PrivateKey key = certificate == null ? null : Lines.key(given.octets("key"), certificate);
        KeyInfo keyInfo = keyInfo(given, document);
        XMLSignature signature = FACTORY.newXMLSignature(info, keyInfo, objects, given.text("id"), given.text("value"));
        Node parent = alone ? document : parent(document, given.text("parent"));
        DOMSignContext context =
                key == null
                        ? new DOMSignContext(new SecretKeySpec(given.octets("secret"), "HMAC"), parent)
                        : new DOMSignContext(key, parent);
        context.setProperty(SECURE, Boolean.FALSE);
        context.setURIDereferencer(resolver(given));
        if (given.text("prefix") != null) {
            context.setDefaultNamespacePrefix(given.text("prefix"));
        }
        findIds(context, document);
        for (XMLObject object : objects) {
            for (Object structure : object.getContent()) {
                if (structure instanceof DOMStructure) {
                    findIds(context, ((DOMStructure) structure).getNode());
                }
            }
        }
        signature.sign(context);
        return written(document);
    }

    private static Node parent(Document document, String name) {
        NodeList found = name == null ? null : document.getElementsByTagNameNS("*", name);
        return found == null ? document.getDocumentElement() : found.item(0);
    }

    private static SignatureMethod method(Lines.Fields given) throws Exception {
        SignatureMethodParameterSpec parameters = null;
        if (given.text("salt") != null) {
            String digest = given.text("pss-digest");
            MGF1ParameterSpec masking = new MGF1ParameterSpec(given.text("pss-mgf"));
            int salt = Integer.parseInt(given.text("salt"));
            parameters = new RSAPSSParameterSpec(new PSSParameterSpec(digest, "MGF1", masking, salt, 1));
        }
        return FACTORY.newSignatureMethod(given.text("method"), parameters);
    }

    /** Each field is the URI, the type, and a line for each transform: its URI, and behind a blank its parameter. */
    private static List<Reference> references(Lines.Fields given, String name) throws Exception {
        DigestMethod digest = FACTORY.newDigestMethod(given.text("digest"), null);
        List<Reference> found = new ArrayList<>();
        for (String text : given.texts(name)) {
            String[] lines = text.split("\n", -1);
            List<Transform> transforms = new ArrayList<>();
            for (int at = 2; at < lines.length; at++) {
                String[] parts = lines[at].split(" ", 2);
                TransformParameterSpec parameter = parts.length == 1 ? null : parameter(parts[0], parts[1]);
                transforms.add(FACTORY.newTransform(parts[0], parameter));
            }
            String type = lines[1].isEmpty() ? null : lines[1];
            found.add(FACTORY.newReference(lines[0], digest, transforms, type, null));
        }
        return found;
    }

    private static TransformParameterSpec parameter(String uri, String text) {
        switch (uri) {
            case Transform.XPATH:
                return new XPathFilterParameterSpec(text, Map.of("ds", DS));
            case Transform.XPATH2:
                XPathType.Filter filter = XPathType.Filter.SUBTRACT;
                return new XPathFilter2ParameterSpec(List.of(new XPathType(text, filter, Map.of("ds", DS))));
            default:
                return new ExcC14NParameterSpec(List.of(text.split(" ")));
        }
    }

    /** An Object for each field "object" (its XML or text), with the Id and the MIME type that are given in turn. */
    private static List<XMLObject> objects(Lines.Fields given, Document document) throws Exception {
        List<XMLObject> found = new ArrayList<>();
        for (int at = 0; at < given.all("object").size(); at++) {
            byte[] octets = given.all("object").get(at);
            Node content =
                    octets[0] == '<'
                            ? document.importNode(parsed(octets).getDocumentElement(), true)
                            : document.createTextNode(new String(octets, StandardCharsets.UTF_8));
            String id = given.texts("object-id").get(at);
            String type = given.texts("object-type").get(at);
            String encoding = octets[0] == '<' ? null : Transform.BASE64;
            List<XMLStructure> held = List.of(new DOMStructure(content));
            found.add(FACTORY.newXMLObject(held, id.isEmpty() ? null : id, type.isEmpty() ? null : type, encoding));
        }
        return found;
    }

    private static KeyInfo keyInfo(Lines.Fields given, Document document) throws Exception {
        KeyInfoFactory factory = FACTORY.getKeyInfoFactory();
        List<XMLStructure> found = new ArrayList<>();
        List<Object> data = new ArrayList<>();
        X509Certificate certificate = given.certificate("certificate");
        for (String word : given.texts("shows")) {
            switch (word) {
                case "certificates":
                    data.addAll(given.certificates("shown"));
                    break;
                case "key-value":
                    found.add(factory.newKeyValue(certificate.getPublicKey()));
                    break;
                case "key-name":
                    found.add(factory.newKeyName(certificate.getSubjectX500Principal().getName()));
                    break;
                case "issuer-serial":
                    String issuer = given.text("issuer");
                    data.add(factory.newX509IssuerSerial(issuer, certificate.getSerialNumber()));
                    break;
                case "subject":
                    data.add(given.text("subject"));
                    break;
                case "key-id":
                    byte[] extension = certificate.getExtensionValue("2.5.29.14");
                    data.add(Arrays.copyOfRange(extension, 4, extension.length));
                    break;
                case "encoded-key":
                    Element key = document.createElementNS(DS11, "dsig11:DEREncodedKeyValue");
                    key.setAttributeNS("http://www.w3.org/2000/xmlns/", "xmlns:dsig11", DS11);
                    byte[] octets = certificate.getPublicKey().getEncoded();
                    key.setTextContent(Base64.getMimeEncoder().encodeToString(octets));
                    found.add(new DOMStructure(key));
                    break;
                default:
                    throw new IllegalArgumentException(word);
            }
        }
        if (!data.isEmpty()) {
            found.add(factory.newX509Data(data));
        }
        return found.isEmpty() ? null : factory.newKeyInfo(found);
    }

    /** The subject of the certificate in every form in which the JDK writes a name. */
    private static void names(Lines.Fields given, Lines.Fields told) throws Exception {
        X500Principal name = given.certificate("certificate").getSubjectX500Principal();
        for (String form : List.of(X500Principal.RFC2253, X500Principal.RFC1779, X500Principal.CANONICAL)) {
            told.add("name", name.getName(form));
        }
        told.add("name", name.toString());
    }

    // -- verifying ---------------------------------------------------------------------------------

    private static void verify(Lines.Fields given, Lines.Fields told) throws Exception {
        Document document = parsed(given.octets("document"));
        NodeList nodes = document.getElementsByTagNameNS(DS, "Signature");
        for (int at = 0; at < nodes.getLength(); at++) {
            KeySelector selector =
                    given.octets("secret") == null
                            ? KeySelector.singletonKeySelector(given.certificate("certificate").getPublicKey())
                            : KeySelector.singletonKeySelector(new SecretKeySpec(given.octets("secret"), "HMAC"));
            DOMValidateContext context = new DOMValidateContext(selector, nodes.item(at));
            context.setProperty(SECURE, Boolean.TRUE);
            context.setURIDereferencer(resolver(given));
            findIds(context, document);
            XMLSignature signature = FACTORY.unmarshalXMLSignature(context);
            told.add("valid", signature.validate(context));
            told.add("value", signature.getSignatureValue().validate(context));
            for (Object reference : signature.getSignedInfo().getReferences()) {
                told.add("reference", ((Reference) reference).validate(context));
            }
        }
    }

    // -- canonical octets --------------------------------------------------------------------------

    /** The octets that a reference with that URI and one transform is over: a signature by HMAC is made to get them. */
    private static byte[] canonical(Lines.Fields given) throws Exception {
        Document document = parsed(given.octets("document"));
        Lines.Fields asked = new Lines.Fields();
        asked.add("digest", DigestMethod.SHA256);
        asked.add("reference", given.text("uri") + "\n\n" + given.text("form"));
        Reference reference = references(asked, "reference").get(0);
        CanonicalizationMethod form =
                FACTORY.newCanonicalizationMethod(CanonicalizationMethod.INCLUSIVE, (C14NMethodParameterSpec) null);
        SignatureMethod method = FACTORY.newSignatureMethod(SignatureMethod.HMAC_SHA256, null);
        SignedInfo info = FACTORY.newSignedInfo(form, method, List.of(reference));
        Document apart = empty();
        DOMSignContext context = new DOMSignContext(new SecretKeySpec(new byte[32], "HMAC"), apart);
        context.setProperty("javax.xml.crypto.dsig.cacheReference", Boolean.TRUE);
        context.setProperty(SECURE, Boolean.FALSE);
        context.setURIDereferencer(new InDocument(document));
        findIds(context, document);
        FACTORY.newXMLSignature(info, null).sign(context);
        try (InputStream octets = reference.getDigestInputStream()) {
            return octets.readAllBytes();
        }
    }

    /** Finds references in a document in which no signature stands. */
    private static final class InDocument implements URIDereferencer {
        private final Document document;

        InDocument(Document document) {
            this.document = document;
        }

        @Override
        public Data dereference(URIReference reference, XMLCryptoContext context) throws URIReferenceException {
            DOMURIReference moved =
                    new DOMURIReference() {
                        @Override
                        public Node getHere() {
                            Element element = document.createElement("Reference");
                            element.setAttribute("URI", reference.getURI());
                            return element.getAttributeNode("URI");
                        }

                        @Override
                        public String getURI() {
                            return reference.getURI();
                        }

                        @Override
                        public String getType() {
                            return reference.getType();
                        }
                    };
            return FACTORY.getURIDereferencer().dereference(moved, context);
        }
    }
}
