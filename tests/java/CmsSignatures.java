import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Date;
import java.util.Hashtable;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DERSet;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.cms.AttributeTable;
import org.bouncycastle.asn1.cms.CMSAttributes;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.Time;
import org.bouncycastle.asn1.ess.ESSCertID;
import org.bouncycastle.asn1.ess.ESSCertIDv2;
import org.bouncycastle.asn1.ess.SigningCertificate;
import org.bouncycastle.asn1.ess.SigningCertificateV2;
import org.bouncycastle.asn1.ocsp.OCSPResponse;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuerSerial;
import org.bouncycastle.cert.AttributeCertificateHolder;
import org.bouncycastle.cert.AttributeCertificateIssuer;
import org.bouncycastle.cert.X509AttributeCertificateHolder;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2AttributeCertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cms.CMSAttributeTableGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.CMSSignedDataStreamGenerator;
import org.bouncycastle.cms.CMSSignedGenerator;
import org.bouncycastle.cms.CMSSignerDigestMismatchException;
import org.bouncycastle.cms.CMSTypedData;
import org.bouncycastle.cms.DefaultSignedAttributeTableGenerator;
import org.bouncycastle.cms.SignerInfoGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationStore;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TSPAlgorithms;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampResponseGenerator;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.tsp.TimeStampTokenGenerator;
import org.bouncycastle.util.CollectionStore;
import org.bouncycastle.util.Selector;

/** CMS signatures and timestamps of Bouncy Castle, made and verified as vendors do. */
public final class CmsSignatures {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    private static final String POLICY = "2.16.704.1.1.1.2";

    private CmsSignatures() {}

    public static void main(String[] arguments) throws Exception {
        Lines.serve(
                (word, given, told) -> {
                    switch (word) {
                        case "sign":
                            told.add("signature", sign(given));
                            break;
                        case "add":
                            told.add("signature", added(given));
                            break;
                        case "verify":
                            verify(given, told);
                            break;
                        case "request":
                            told.add("request", request(given));
                            break;
                        case "respond":
                            told.add("response", respond(given));
                            break;
                        case "check":
                            check(given, told);
                            break;
                        case "encode":
                            ASN1Primitive value = ASN1Primitive.fromByteArray(given.octets("octets"));
                            told.add("octets", value.getEncoded(given.text("rules")));
                            break;
                        default:
                            throw new IllegalArgumentException(word);
                    }
                });
    }

    private static DigestCalculatorProvider digests() throws Exception {
        return new JcaDigestCalculatorProviderBuilder().setProvider(PROVIDER).build();
    }

    // -- signing -----------------------------------------------------------------------------------

    /** A signature by "certificate" and "key" with the scheme "algorithm" over "content". */
    private static byte[] sign(Lines.Fields given) throws Exception {
        byte[] content = given.octets("content");
        boolean inside = given.asks("encapsulated");
        if (given.asks("streamed")) {
            CMSSignedDataStreamGenerator generator = new CMSSignedDataStreamGenerator();
            fill(generator, given);
            generator.setBufferSize(100);
            ByteArrayOutputStream made = new ByteArrayOutputStream();
            try (OutputStream out = generator.open(made, inside)) {
                out.write(content);
            }
            return made.toByteArray();
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        fill(generator, given);
        CMSSignedData signed = generator.generate(data(given, content), inside);
        if (given.asks("counter-signed")) {
            signed = countersigned(signed, given);
        }
        return given.text("rules") == null ? signed.getEncoded() : signed.getEncoded(given.text("rules"));
    }

    private static CMSTypedData data(Lines.Fields given, byte[] content) {
        String type = given.text("type");
        return type == null
                ? new CMSProcessableByteArray(content)
                : new CMSProcessableByteArray(new ASN1ObjectIdentifier(type), content);
    }

    private static void fill(CMSSignedGenerator generator, Lines.Fields given) throws Exception {
        for (SignerInfoGenerator one : signers(given)) {
            generator.addSignerInfoGenerator(one);
        }
        for (byte[] one : given.all("shown")) {
            generator.addCertificate(new X509CertificateHolder(one));
        }
        for (byte[] one : given.all("crl")) {
            generator.addCRL(new X509CRLHolder(one));
        }
        for (byte[] one : given.all("ocsp")) {
            generator.addOtherRevocationInfo(CMSObjectIdentifiers.id_ri_ocsp_response, OCSPResponse.getInstance(one));
        }
        if (given.asks("attribute-certificate")) {
            generator.addAttributeCertificate(attributeCertificate(given));
        }
    }

    private static X509AttributeCertificateHolder attributeCertificate(Lines.Fields given)
            throws Exception {
        X509Certificate holder = given.certificate("certificate");
        PrivateKey key = Lines.key(given.octets("key"), holder);
        X509v2AttributeCertificateBuilder builder =
                new X509v2AttributeCertificateBuilder(
                        new AttributeCertificateHolder(new JcaX509CertificateHolder(holder)),
                        new AttributeCertificateIssuer(new X500Name("CN=issuer of attributes")),
                        BigInteger.ONE,
                        new Date(0),
                        new Date(4_000_000_000_000L));
        builder.addAttribute(new ASN1ObjectIdentifier("2.5.4.72"), new DERUTF8String("role"));
        return builder.build(contentSigner(given.texts("algorithm").get(0), key));
    }

    private static ContentSigner contentSigner(String algorithm, PrivateKey key) throws Exception {
        return new JcaContentSignerBuilder(algorithm).setProvider(PROVIDER).build(key);
    }

    private static List<SignerInfoGenerator> signers(Lines.Fields given) throws Exception {
        List<SignerInfoGenerator> found = new ArrayList<>();
        List<X509Certificate> certificates = given.certificates("certificate");
        for (int at = 0; at < certificates.size(); at++) {
            X509Certificate certificate = certificates.get(at);
            PrivateKey key = Lines.key(given.all("key").get(at), certificate);
            found.add(signer(given, certificate, key, given.texts("algorithm").get(at)));
        }
        return found;
    }

    private static SignerInfoGenerator signer(
            Lines.Fields given, X509Certificate certificate, PrivateKey key, String algorithm) throws Exception {
        JcaSignerInfoGeneratorBuilder builder = new JcaSignerInfoGeneratorBuilder(digests());
        builder.setDirectSignature(given.asks("direct"));
        AttributeTable table = new AttributeTable(attributes(given, certificate));
        builder.setSignedAttributeGenerator(new DefaultSignedAttributeTableGenerator(table));
        if (given.octets("tsa") != null) {
            builder.setUnsignedAttributeGenerator(stamping(given));
        }
        ContentSigner signer = contentSigner(algorithm, key);
        if (given.asks("key-id")) {
            byte[] extension = certificate.getExtensionValue("2.5.29.14");
            return builder.build(signer, Arrays.copyOfRange(extension, 4, extension.length));
        }
        return builder.build(signer, certificate);
    }

    private static ASN1EncodableVector attributes(Lines.Fields given, X509Certificate certificate) throws Exception {
        ASN1EncodableVector found = new ASN1EncodableVector();
        byte[] encoded = certificate.getEncoded();
        X500Name issuer = X500Name.getInstance(certificate.getIssuerX500Principal().getEncoded());
        IssuerSerial serial =
                given.asks("serial-named")
                        ? new IssuerSerial(new GeneralNames(new GeneralName(issuer)), certificate.getSerialNumber())
                        : null;
        if (given.asks("version-1")) {
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(encoded);
            ESSCertID id = serial == null ? new ESSCertID(digest) : new ESSCertID(digest, serial);
            found.add(attribute(PKCSObjectIdentifiers.id_aa_signingCertificate, new SigningCertificate(id)));
        }
        if (given.text("version-2") != null) {
            String name = given.text("version-2");
            byte[] digest = MessageDigest.getInstance(name).digest(encoded);
            ESSCertIDv2 id = new ESSCertIDv2(digestIdentifier(name), digest, serial);
            found.add(attribute(PKCSObjectIdentifiers.id_aa_signingCertificateV2, new SigningCertificateV2(id)));
        }
        if (given.text("time") != null) {
            Date time = Date.from(Instant.parse(given.text("time")));
            found.add(attribute(CMSAttributes.signingTime, new Time(time)));
        }
        return found;
    }

    private static AlgorithmIdentifier digestIdentifier(String name) {
        return new DefaultDigestAlgorithmIdentifierFinder().find(name);
    }

    private static Attribute attribute(ASN1ObjectIdentifier type, ASN1Encodable value) {
        return new Attribute(type, new DERSet(value));
    }

    /** Adds a timestamp over the signature value, as it is made. */
    private static CMSAttributeTableGenerator stamping(Lines.Fields given) {
        return parameters -> {
            try {
                byte[] value = (byte[]) parameters.get(CMSAttributeTableGenerator.SIGNATURE);
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(value);
                TimeStampRequestGenerator asking = new TimeStampRequestGenerator();
                asking.setCertReq(true);
                TimeStampRequest request = asking.generate(TSPAlgorithms.SHA256, digest, BigInteger.valueOf(77));
                TimeStampToken token = tokens(given).generate(request, BigInteger.TEN, time(given));
                ASN1Encodable held = ASN1Primitive.fromByteArray(token.getEncoded());
                Hashtable<ASN1ObjectIdentifier, Attribute> table = new Hashtable<>();
                ASN1ObjectIdentifier type = PKCSObjectIdentifiers.id_aa_signatureTimeStampToken;
                table.put(type, attribute(type, held));
                return new AttributeTable(table);
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        };
    }

    /** One more signer, or a counter-signature, in the signature that is given. */
    private static byte[] added(Lines.Fields given) throws Exception {
        CMSSignedData existing = parsed(given);
        if (given.asks("counter-signed")) {
            return countersigned(existing, given).getEncoded();
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        fill(generator, given);
        generator.addSigners(existing.getSignerInfos());
        generator.addCertificates(existing.getCertificates());
        generator.addCRLs(existing.getCRLs());
        boolean inside = existing.getSignedContent() != null;
        CMSTypedData content =
                inside ? existing.getSignedContent() : new CMSProcessableByteArray(given.octets("content"));
        return generator.generate(content, inside).getEncoded();
    }

    private static CMSSignedData countersigned(CMSSignedData signed, Lines.Fields given) throws Exception {
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        X509Certificate certificate = given.certificate("counter-certificate");
        PrivateKey key = Lines.key(given.octets("counter-key"), certificate);
        generator.addSignerInfoGenerator(signer(given, certificate, key, given.text("counter-algorithm")));
        List<SignerInformation> all = new ArrayList<>(signed.getSignerInfos().getSigners());
        SignerInformation first = all.get(0);
        all.set(0, SignerInformation.addCounterSigners(first, generator.generateCounterSigners(first)));
        CMSSignedData found = CMSSignedData.replaceSigners(signed, new SignerInformationStore(all));
        List<X509CertificateHolder> holders = new ArrayList<>(found.getCertificates().getMatches(everything()));
        holders.add(new JcaX509CertificateHolder(certificate));
        return CMSSignedData.replaceCertificatesAndCRLs(
                found, new CollectionStore<>(holders), found.getAttributeCertificates(), found.getCRLs());
    }

    private static Selector<X509CertificateHolder> everything() {
        return null;
    }

    // -- verifying ---------------------------------------------------------------------------------

    private static CMSSignedData parsed(Lines.Fields given) throws Exception {
        byte[] content = given.octets("content");
        return content == null
                ? new CMSSignedData(given.octets("signature"))
                : new CMSSignedData(data(given, content), given.octets("signature"));
    }

    /** For each signer, then its counter-signatures and timestamps, whether it verifies. */
    private static void verify(Lines.Fields given, Lines.Fields told) throws Exception {
        CMSSignedData signed = parsed(given);
        for (SignerInformation one : signed.getSignerInfos().getSigners()) {
            told.add("signer", verified(signed, one));
            for (SignerInformation counter : one.getCounterSignatures().getSigners()) {
                told.add("counter", verified(signed, counter));
            }
            if (one.getUnsignedAttributes() == null) {
                continue;
            }
            ASN1EncodableVector held =
                    one.getUnsignedAttributes().getAll(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken);
            for (int at = 0; at < held.size(); at++) {
                ASN1Encodable value = Attribute.getInstance(held.get(at)).getAttrValues().getObjectAt(0);
                TimeStampToken token = new TimeStampToken(new CMSSignedData(value.toASN1Primitive().getEncoded()));
                told.add("timestamp", stamped(token, one.getSignature(), given));
            }
        }
    }

    private static boolean verified(CMSSignedData signed, SignerInformation one) throws Exception {
        @SuppressWarnings("unchecked")
        Collection<X509CertificateHolder> found = signed.getCertificates().getMatches(one.getSID());
        if (found.isEmpty()) {
            throw new IllegalStateException("no certificate of the signer");
        }
        X509CertificateHolder certificate = found.iterator().next();
        if (!named(one, certificate)) {
            return false;
        }
        try {
            return one.verify(verifier(certificate));
        } catch (CMSSignerDigestMismatchException error) {
            return false;
        }
    }

    /** Whether the signing-certificate attribute, if there is one, names the certificate. */
    private static boolean named(SignerInformation one, X509CertificateHolder certificate) throws Exception {
        AttributeTable table = one.getSignedAttributes();
        Attribute held = table == null ? null : table.get(PKCSObjectIdentifiers.id_aa_signingCertificateV2);
        if (held == null) {
            return true;
        }
        ESSCertIDv2 id = SigningCertificateV2.getInstance(held.getAttrValues().getObjectAt(0)).getCerts()[0];
        String name = id.getHashAlgorithm().getAlgorithm().getId();
        byte[] digest = MessageDigest.getInstance(name, PROVIDER).digest(certificate.getEncoded());
        return MessageDigest.isEqual(digest, id.getCertHash());
    }

    private static SignerInformationVerifier verifier(X509CertificateHolder certificate) throws Exception {
        return new JcaSimpleSignerInfoVerifierBuilder().setProvider(PROVIDER).build(certificate);
    }

    // -- timestamps --------------------------------------------------------------------------------

    private static Date time(Lines.Fields given) {
        return Date.from(Instant.parse(given.text("stamp-time")));
    }

    private static TimeStampTokenGenerator tokens(Lines.Fields given) throws Exception {
        X509Certificate certificate = given.certificate("tsa");
        PrivateKey key = Lines.key(given.octets("tsa-key"), certificate);
        SignerInfoGenerator signer =
                new JcaSignerInfoGeneratorBuilder(digests())
                        .build(contentSigner(given.text("tsa-algorithm"), key), certificate);
        String digest = given.asks("imprinted-by-sha-1") ? "SHA-1" : "SHA-256";
        TimeStampTokenGenerator generator =
                new TimeStampTokenGenerator(
                        signer,
                        digests().get(digestIdentifier(digest)),
                        new ASN1ObjectIdentifier(POLICY),
                        given.asks("serial-named"));
        generator.setAccuracySeconds(1);
        generator.setAccuracyMillis(500);
        generator.setAccuracyMicros(7);
        generator.setOrdering(given.asks("ordered"));
        if (given.asks("tsa-named")) {
            generator.setTSA(new GeneralName(new JcaX509CertificateHolder(certificate).getSubject()));
        }
        if (given.asks("milliseconds")) {
            generator.setResolution(TimeStampTokenGenerator.R_MILLISECONDS);
        }
        List<X509CertificateHolder> shown = new ArrayList<>();
        for (byte[] one : given.all("tsa-shown")) {
            shown.add(new X509CertificateHolder(one));
        }
        generator.addCertificates(new CollectionStore<>(shown));
        return generator;
    }

    private static byte[] request(Lines.Fields given) throws Exception {
        TimeStampRequestGenerator generator = new TimeStampRequestGenerator();
        generator.setCertReq(!given.asks("no-certificate"));
        if (given.text("policy") != null) {
            generator.setReqPolicy(new ASN1ObjectIdentifier(given.text("policy")));
        }
        AlgorithmIdentifier digest = digestIdentifier(given.text("digest"));
        BigInteger nonce = given.text("nonce") == null ? null : new BigInteger(given.text("nonce"));
        ASN1ObjectIdentifier name = digest.getAlgorithm();
        byte[] imprint = given.octets("imprint");
        TimeStampRequest made =
                nonce == null ? generator.generate(name, imprint) : generator.generate(name, imprint, nonce);
        return made.getEncoded();
    }

    private static byte[] respond(Lines.Fields given) throws Exception {
        TimeStampRequest request = new TimeStampRequest(given.octets("request"));
        TimeStampResponseGenerator generator = new TimeStampResponseGenerator(tokens(given), TSPAlgorithms.ALLOWED);
        TimeStampResponse response =
                given.asks("rejected")
                        ? generator.generateRejectedResponse(new Exception("không cấp"))
                        : generator.generate(request, BigInteger.valueOf(Long.MAX_VALUE), time(given));
        return response.getEncoded();
    }

    /** Whether a response answers the request, and its token is good. */
    private static void check(Lines.Fields given, Lines.Fields told) throws Exception {
        TimeStampResponse response = new TimeStampResponse(given.octets("response"));
        response.validate(new TimeStampRequest(given.octets("request")));
        TimeStampToken token = response.getTimeStampToken();
        if (token == null) {
            throw new IllegalStateException("refused: " + response.getStatus() + " " + response.getStatusString());
        }
        token.validate(verifier(new X509CertificateHolder(given.octets("tsa"))));
        told.add("time", token.getTimeStampInfo().getGenTime().toInstant().toString());
    }

    private static boolean stamped(TimeStampToken token, byte[] value, Lines.Fields given) throws Exception {
        token.validate(verifier(new X509CertificateHolder(given.octets("tsa"))));
        String name = token.getTimeStampInfo().getMessageImprintAlgOID().getId();
        byte[] digest = MessageDigest.getInstance(name, PROVIDER).digest(value);
        return MessageDigest.isEqual(digest, token.getTimeStampInfo().getMessageImprintDigest());
    }
}
