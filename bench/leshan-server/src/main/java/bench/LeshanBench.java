package bench;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;

import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.config.UdpConfig;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.peer.OscoreIdentity;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.servers.security.SecurityInfo;
import org.eclipse.leshan.servers.security.SecurityStore;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

/**
 * Leshan as it comes: CoAP without security, registrations in memory, every setting but one at its default. Listens on
 * the loopback port given as the first argument, prints one line of JSON when it is ready, and runs until it is ended.
 * With four more, a key in hexadecimal that all PSK identities have, and PEM files with certificate, private key and
 * authority, it serves CoAP over DTLS there instead.
 */
public final class LeshanBench {
    // What our own server has: with the default, pauses for garbage collection lose datagrams, and the figures would
    // show the devices' retransmissions instead of the server.
    private static final int RECEIVE_BUFFER = 4 << 20;

    private LeshanBench() {
    }

    public static void main(String[] args) throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), Integer.parseInt(args[0]));
        boolean secure = args.length == 5;
        CaliforniumServerEndpointsProvider.Builder endpoints = new CaliforniumServerEndpointsProvider.Builder(
                new CoapServerProtocolProvider(), new CoapsServerProtocolProvider());
        Configuration configuration = endpoints.createDefaultConfiguration();
        configuration.set(UdpConfig.UDP_RECEIVE_BUFFER_SIZE, RECEIVE_BUFFER);
        endpoints.setConfiguration(configuration);
        Protocol protocol = secure ? Protocol.COAPS : Protocol.COAP;
        endpoints.addEndpoint(address, protocol);
        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setEndpointsProviders(endpoints.build());
        if (secure)
            secure(builder, args);
        LeshanServer server = builder.build();
        server.start();
        int port = server.getEndpoint(protocol).getURI().getPort();
        System.out.println("{\"ready\":true,\"port\":" + port + "}");
        Thread.currentThread().join();
    }

    private static void secure(LeshanServerBuilder builder, String[] args) throws Exception {
        builder.setSecurityStore(new OneKey(HexFormat.of().parseHex(args[1])));
        builder.setCertificateChain(new X509Certificate[] { certificate(args[2]) });
        byte[] key = Base64.getMimeDecoder().decode(Files.readString(Path.of(args[3])).replaceAll("-----[^-]+-----", ""));
        builder.setPrivateKey(KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(key)));
        builder.setTrustedCertificates(new Certificate[] { certificate(args[4]) });
    }

    private static X509Certificate certificate(String file) throws Exception {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** The same key for whoever comes. */
    private record OneKey(byte[] key) implements SecurityStore {
        @Override
        public SecurityInfo getByEndpoint(String endpoint) {
            return null;
        }

        @Override
        public SecurityInfo getByIdentity(String identity) {
            return SecurityInfo.newPreSharedKeyInfo(identity, identity, key);
        }

        @Override
        public SecurityInfo getByOscoreIdentity(OscoreIdentity identity) {
            return null;
        }
    }
}
