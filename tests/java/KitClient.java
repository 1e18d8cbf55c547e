import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Calendar;
import java.util.Date;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A client that behaves on the wire as the vendor's kit does, written anew from what was observed of that kit: headers
 * in the order of a HashMap, parameters of earlier calls sent again, a timestamp that stands still, Content-Type twice,
 * a folder of its own in filePath, CR LF behind the file, hexadecimal without padding, header values cut to their low
 * octet, "Expect: 100-continue" before small bodies. Nothing but the JDK.
 *
 * <p>Prints one line for each call: its label, a tab, the answer as it came. A test reads them.
 */
public final class KitClient {
    private static final String MARK = "XroadVnpt-";

    private final String host;
    private final int port;
    private final String secret;
    private final Path store;
    private final Map<String, String> kept = new HashMap<>();
    private Socket connection;

    private KitClient(String host, int port, String system, String secret, Path store) {
        this.host = host;
        this.port = port;
        this.secret = secret;
        this.store = store;
        kept.put("systemid", system);
        Calendar now = Calendar.getInstance();
        String time = new SimpleDateFormat("ddMMyyyy'T'HHmmss").format(now.getTime());
        kept.put("timestamp", time + "+" + String.format("%04d", now.get(Calendar.MILLISECOND)));
    }

    // -- signing -----------------------------------------------------------------------------------

    private static String escaped(String text) {
        return text.replace("\\", "\\\\").replace("\"", "\\\"");
    }

    private static String hex(byte[] octets, boolean padded) {
        StringBuilder text = new StringBuilder();
        for (byte octet : octets) {
            text.append(padded ? String.format("%02x", octet) : Integer.toHexString(octet & 0xff));
        }
        return text.toString();
    }

    private Map<String, String> headers(String type) throws Exception {
        kept.put("Content-Type", type);
        StringBuilder names = new StringBuilder();
        StringBuilder signed = new StringBuilder("{");
        Map<String, String> sent = new LinkedHashMap<>();
        for (Map.Entry<String, String> one : kept.entrySet()) {
            boolean first = names.length() == 0;
            names.append(first ? "" : ";").append(one.getKey());
            signed.append(first ? "\"" : ",\"").append(MARK).append(one.getKey()).append("\":\"");
            signed.append(escaped(one.getValue())).append('"');
            sent.put(MARK + one.getKey(), one.getValue());
        }
        String text = signed.append('}').toString();
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        sent.put("Content-Type", type);
        sent.put(MARK + "sign-header-key", names.toString());
        sent.put(MARK + "sign-header", text);
        sent.put(MARK + "hash-header", hex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)), true));
        sent.put("User-Agent", "JAVASDKAgent/1.0.0 XRoad/VPCP");
        sent.put(MARK + "version", "3.0.201608");
        return sent;
    }

    // -- HTTP on a connection that is kept -----------------------------------------------------------

    private byte[] call(String method, String operation, String body) throws Exception {
        boolean expects = body != null && !body.isEmpty();
        byte[] octets = body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8);
        StringBuilder head = new StringBuilder(method + " /" + operation + " HTTP/1.1\r\n");
        headers("application/json").forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        if (body != null) {
            head.append("Content-Length: " + octets.length + "\r\n");
        }
        head.append("Host: " + host + ":" + port + "\r\nConnection: Keep-Alive\r\n");
        head.append(expects ? "Expect: 100-continue\r\n" : "").append("Accept-Encoding: gzip,deflate\r\n\r\n");
        if (connection == null) {
            connection = new Socket(host, port);
            connection.setSoTimeout(20_000);
        }
        OutputStream out = connection.getOutputStream();
        out.write(lowOctets(head.toString()));
        out.flush();
        InputStream in = connection.getInputStream();
        String status = line(in);
        if (expects && status.startsWith("HTTP/1.1 100")) {
            while (!line(in).isEmpty()) {
                continue;
            }
            out.write(octets);
            out.flush();
            status = line(in);
        } else if (expects) {
            throw new IOException("no 100 Continue but " + status);
        }
        if (!status.startsWith("HTTP/1.1 200")) {
            throw new IOException(operation + ": " + status);
        }
        return body(in);
    }

    private static byte[] lowOctets(String text) {
        byte[] octets = new byte[text.length()];
        for (int place = 0; place < octets.length; place++) {
            octets[place] = (byte) text.charAt(place);
        }
        return octets;
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
            if (octet < 0) {
                throw new EOFException();
            }
            text.append((char) octet);
        }
        return text.toString().trim();
    }

    private static byte[] body(InputStream in) throws IOException {
        int length = -1;
        boolean chunked = false;
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            String lower = header.toLowerCase();
            length = lower.startsWith("content-length:") ? Integer.parseInt(lower.substring(15).trim()) : length;
            chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
        }
        if (!chunked) {
            return in.readNBytes(length);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int size = Integer.parseInt(line(in), 16); ; size = Integer.parseInt(line(in), 16)) {
            all.write(in.readNBytes(size));
            line(in);
            if (size == 0) {
                return all.toByteArray();
            }
        }
    }

    // -- the operations ----------------------------------------------------------------------------

    private String asked(String operation, String body, String... named) throws Exception {
        for (int place = 0; place < named.length; place += 2) {
            kept.put(named[place], named[place + 1]);
        }
        return new String(call("POST", operation, body), StandardCharsets.UTF_8);
    }

    private String list(String operation, String type, String from, String to) throws Exception {
        kept.put("fromDate", from);
        kept.put("toDate", to);
        return asked(operation, "", "servicetype", "eDoc", "messagetype", type);
    }

    /** The kit uploads with the JDK's own client, which writes other headers. */
    private String send(Path file, String from, String type, String to) throws Exception {
        byte[] octets = Files.readAllBytes(file);
        kept.put("hash-file", hex(MessageDigest.getInstance("SHA-256").digest(octets), false));
        kept.put("from", from);
        kept.put("servicetype", "eDoc");
        kept.put("messagetype", type);
        if (to != null) {
            kept.put("to", to);
        }
        HttpURLConnection http =
                (HttpURLConnection) URI.create("http://" + host + ":" + port + "/sendEdoc").toURL().openConnection();
        http.setRequestMethod("POST");
        http.setDoOutput(true);
        http.setUseCaches(false);
        http.setReadTimeout(20_000);
        headers("application/octet-stream").forEach(http::setRequestProperty);
        try (OutputStream out = http.getOutputStream()) {
            out.write(octets);
            out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        try (InputStream in = http.getInputStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Path get(String id, boolean streamed) throws Exception {
        kept.put("docId", id);
        kept.put("filePath", store.toString());
        byte[] octets;
        if (streamed) {
            octets = call("GET", "downloadEdoc", null);
        } else {
            String answer = new String(call("POST", "getEdoc", "{}"), StandardCharsets.UTF_8);
            octets = Base64.getDecoder().decode(field(answer, "data"));
        }
        Calendar now = Calendar.getInstance();
        Path folder = store.resolve(now.get(Calendar.YEAR) + "/" + (now.get(Calendar.MONTH) + 1));
        Files.createDirectories(folder);
        Path file = folder.resolve(id + (streamed ? ".streamed" : "") + ".edxml");
        Files.copy(new ByteArrayInputStream(octets), file);
        return file;
    }

    private static List<String> fields(String json, String name) {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }

    private static String field(String json, String name) {
        return fields(json, name).get(0);
    }

    // -- two systems and one exchange --------------------------------------------------------------

    public static void main(String[] given) throws Exception {
        int port = Integer.parseInt(given[0]);
        Path store = Path.of(given[1]);
        Path document = Path.of(given[2]);
        Path status = Path.of(given[3]);
        Path recall = Path.of(given[4]);
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        KitClient north = new KitClient("127.0.0.1", port, "00.41.W00", "secret-north", store);
        KitClient south = new KitClient("127.0.0.1", port, "00.14.W00", "secret-south", store);
        SimpleDateFormat days = new SimpleDateFormat("dd/MM/yyyy HH:mm:ss");
        String from = days.format(new Date(0));
        String to = days.format(new Date(4102444800000L));

        out.println("agencies\t" + north.asked("getAgenciesList", ""));
        out.println("agencies-qd20\t" + north.asked("getAgenciesListQD20", "", "level", "1"));
        out.println("units\t" + north.asked("getSynchronizeUnit", ""));
        String agency = "{\"id\":\"\",\"pcode\":\"H41\",\"code\":\"H41.99\",\"name\":\"Trạm thử\",\"mail\":\"\","
                + "\"mobile\":\"\",\"fax\":\"\"}";
        out.println("register\t" + north.asked("registerAgency", agency));
        out.println("registered\t" + north.asked("getAgenciesList", ""));
        out.println("delete\t" + north.asked("deleteAgency", "{}", "AgencyCode", "H41.99"));

        out.println("send\t" + north.send(document, "H41", "edoc", "[\"H14\",\"H14.12\"]"));
        out.println("sent\t" + north.list("getSentEdocList", "edoc", from, to));
        out.println("send-encoded-twice\t" + north.send(document, "H41", "edoc", "\"[\\\"H14\\\",\\\"H14.12\\\"]\""));

        out.println("count\t" + south.asked("countReceiveEdoc", "{}", "servicetype", "eDoc", "messagetype", "edoc"));
        String received = south.list("getReceivedEdocList", "edoc", from, to);
        out.println("received\t" + received);
        for (String id : fields(received, "docId")) {
            out.println("file\t" + south.get(id, false));
            out.println("file\t" + south.get(id, true));
            out.println("processing\t" + south.asked("updateStatus", "{}", "status", "processing"));
            out.println("done\t" + south.asked("updateStatus", "{}", "status", "done"));
        }
        out.println("count-after\t" + south.asked("countReceiveEdoc", "{}"));
        out.println("received-after\t" + south.list("getReceivedEdocList", "edoc", from, to));

        out.println("answer\t" + south.send(status, "H14.12", "status", null));
        out.println("keys\t\"" + String.join(";", south.kept.keySet()) + "\"");
        out.println("count-status\t" + north.asked("countReceiveStatus", "{}"));
        String statuses = north.list("getReceivedEdocList", "status", from, to);
        out.println("statuses\t" + statuses);
        out.println("status-file\t" + north.get(field(statuses, "docId"), false));
        out.println("status-done\t" + north.asked("updateStatus", "{}", "status", "done"));
        out.println("count-status-after\t" + north.asked("countReceiveStatus", "{}"));

        out.println("answer-with-old-to\t" + north.send(recall, "H41", "status", null));
        out.println("old-to\t\"" + north.kept.get("to").replace("\\", "").replace("\"", "'") + "\"");

        out.println("not-ascii\t" + north.asked("updateStatus", "{}", "status", "đã nhận"));
        out.println("ascii-again\t" + north.asked("updateStatus", "{}", "status", "done"));
        KitClient stranger = new KitClient("127.0.0.1", port, "00.14.W00", "another", store);
        out.println("wrong-secret\t" + stranger.send(document, "H14", "edoc", null));
        KitClient early = new KitClient("127.0.0.1", port, "00.14.W00", "secret-south", store);
        out.println("window\t" + early.list("getReceivedEdocList", "edoc", from, from));
    }
}
