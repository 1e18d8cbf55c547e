import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Questions and answers, a line each: a word, then fields "name=base64" behind tabs; a name may stand several times. An
 * answer begins with "ok", or with "no" and says in its field "why" what was thrown.
 */
final class Lines {
    /** What answers a question; whatever it throws is an answer, too. */
    interface Handler {
        void answer(String word, Fields given, Fields told) throws Exception;
    }

    /** The fields of one line. */
    static final class Fields {
        private final Map<String, List<byte[]>> values = new LinkedHashMap<>();

        List<byte[]> all(String name) {
            return values.getOrDefault(name, List.of());
        }

        byte[] octets(String name) {
            List<byte[]> found = all(name);
            return found.isEmpty() ? null : found.get(0);
        }

        String text(String name) {
            byte[] found = octets(name);
            return found == null ? null : new String(found, StandardCharsets.UTF_8);
        }

        List<String> texts(String name) {
            List<String> found = new ArrayList<>();
            for (byte[] one : all(name)) {
                found.add(new String(one, StandardCharsets.UTF_8));
            }
            return found;
        }

        /** Whether the field "options" has that word. */
        boolean asks(String option) {
            return texts("options").contains(option);
        }

        X509Certificate certificate(String name) throws Exception {
            byte[] found = octets(name);
            return found == null ? null : Lines.certificate(found);
        }

        List<X509Certificate> certificates(String name) throws Exception {
            List<X509Certificate> found = new ArrayList<>();
            for (byte[] one : all(name)) {
                found.add(Lines.certificate(one));
            }
            return found;
        }

        void add(String name, byte[] value) {
            values.computeIfAbsent(name, key -> new ArrayList<>()).add(value);
        }

        void add(String name, String value) {
            add(name, value.getBytes(StandardCharsets.UTF_8));
        }

        void add(String name, boolean value) {
            add(name, value ? "yes" : "no");
        }
    }

    private Lines() {}

    static X509Certificate certificate(byte[] octets) throws Exception {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(octets));
    }

    /** The private key in PKCS#8 octets that belongs to a certificate. */
    static PrivateKey key(byte[] octets, X509Certificate certificate) throws Exception {
        String algorithm = certificate.getPublicKey().getAlgorithm();
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(octets));
    }

    static void serve(Handler handler) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.US_ASCII);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t");
            Fields given = new Fields();
            for (int at = 1; at < parts.length; at++) {
                int equals = parts[at].indexOf('=');
                byte[] value = Base64.getDecoder().decode(parts[at].substring(equals + 1));
                given.add(parts[at].substring(0, equals), value);
            }
            Fields told = new Fields();
            String first = "ok";
            try {
                handler.answer(parts[0], given, told);
            } catch (Exception | LinkageError error) {
                first = "no";
                told = new Fields();
                told.add("why", reasons(error));
            }
            out.println(written(first, told));
        }
    }

    private static String reasons(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable one = error; one != null; one = one.getCause()) {
            text.append(text.length() == 0 ? "" : " <- ").append(one);
        }
        return text.toString();
    }

    private static String written(String first, Fields told) {
        StringBuilder line = new StringBuilder(first);
        for (Map.Entry<String, List<byte[]>> row : told.values.entrySet()) {
            for (byte[] value : row.getValue()) {
                line.append('\t').append(row.getKey()).append('=').append(Base64.getEncoder().encodeToString(value));
            }
        }
        return line.toString();
    }
}
