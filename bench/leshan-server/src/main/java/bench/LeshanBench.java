package bench;

import java.net.InetAddress;
import java.net.InetSocketAddress;

import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.elements.config.UdpConfig;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coap.CoapServerProtocolProvider;

/**
 * Leshan as it comes: CoAP without security, registrations in memory, every setting but one at its default. Listens on
 * the loopback port given as the only argument, prints one line of JSON when it is ready, and runs until it is ended.
 */
public final class LeshanBench {
    // What our own server has: with the default, pauses for garbage collection lose datagrams, and the figures would
    // show the devices' retransmissions instead of the server.
    private static final int RECEIVE_BUFFER = 4 << 20;

    private LeshanBench() {
    }

    public static void main(String[] args) throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), Integer.parseInt(args[0]));
        CaliforniumServerEndpointsProvider.Builder endpoints = new CaliforniumServerEndpointsProvider.Builder(
                new CoapServerProtocolProvider());
        Configuration configuration = endpoints.createDefaultConfiguration();
        configuration.set(UdpConfig.UDP_RECEIVE_BUFFER_SIZE, RECEIVE_BUFFER);
        endpoints.setConfiguration(configuration);
        endpoints.addEndpoint(address, Protocol.COAP);
        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setEndpointsProviders(endpoints.build());
        LeshanServer server = builder.build();
        server.start();
        int port = server.getEndpoint(Protocol.COAP).getURI().getPort();
        System.out.println("{\"ready\":true,\"port\":" + port + "}");
        Thread.currentThread().join();
    }
}
