package interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.engine.DefaultRegistrationEngineFactory;
import org.eclipse.leshan.client.object.Device;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.LwM2mInstanceEnabler;
import org.eclipse.leshan.client.resource.LwM2mObjectEnabler;
import org.eclipse.leshan.client.resource.ObjectEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.resource.SimpleInstanceEnabler;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.LwM2mId;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.model.ObjectLoader;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.model.ResourceModel.Operations;
import org.eclipse.leshan.core.model.ResourceModel.Type;
import org.eclipse.leshan.core.model.StaticModel;
import org.eclipse.leshan.core.node.LwM2mSingleResource;
import org.eclipse.leshan.core.request.BindingMode;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.DeregisterRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.UpdateRequest;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coap.CoapClientProtocolProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientProtocolProvider;

/**
 * A LwM2M client built on Leshan that tests drive. Standard output carries one event a line, standard input one command
 * a line; SIGTERM de-registers. Options: {@code --server URI --endpoint NAME [--lifetime S] [--update-period S]
 * [--queue true] [--objects 3303/0,3311/0] [--bind ADDRESS] [--retry-ms MS]}; for a server of coaps {@code --identity ID
 * --psk HEX}, {@code --certificate FILE --private-key FILE --server-certificate FILE} or {@code --public-key FILE
 * --private-key FILE --server-public-key FILE}, in PEM; {@code --bootstrap true} where the server is a bootstrap server.
 */
public final class LeshanDevice {

    private static final int SHORT_SERVER_ID = 123;

    private final Map<String, String> options;
    private final StaticModel model = new StaticModel(models());
    private final Map<Integer, ObjectEnabler> enablers = new TreeMap<>();
    private final LeshanClient client;

    private LeshanDevice(Map<String, String> options) throws IOException {
        this.options = options;
        this.client = build();
        client.addObserver(new Reporter());
    }

    public static void main(String[] arguments) throws IOException {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2)
            options.put(arguments[i].replaceFirst("^--", ""), arguments[i + 1]);
        if (!options.containsKey("server") || !options.containsKey("endpoint")) {
            System.err.println("--server and --endpoint are needed");
            System.exit(2);
        }
        LeshanDevice device = new LeshanDevice(options);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            device.client.destroy(true);
            say("stopped");
        }));
        device.client.start();
        say("started " + options.get("endpoint"));
        device.serveCommands();
        System.exit(0);
    }

    private static synchronized void say(String event) {
        System.out.println(event);
        System.out.flush();
    }

    /** The core objects that Leshan carries, and the two that it does not. */
    private static List<ObjectModel> models() {
        List<ObjectModel> models = ObjectLoader.loadDefault();
        models.add(new ObjectModel(3303, "Temperature", "", "1.0", true, false,
                resource(5700, "Sensor Value", Operations.R, Type.FLOAT),
                resource(5701, "Sensor Units", Operations.R, Type.STRING),
                resource(5605, "Reset Min and Max Measured Values", Operations.E, Type.NONE)));
        models.add(new ObjectModel(3311, "Light Control", "", "1.0", true, false,
                resource(5850, "On/Off", Operations.RW, Type.BOOLEAN),
                resource(5851, "Dimmer", Operations.RW, Type.INTEGER)));
        return models;
    }

    private static ResourceModel resource(int id, String name, Operations operations, Type type) {
        return new ResourceModel(id, name, operations, false, false, type, "", "", "");
    }

    private LwM2mInstanceEnabler instance(int objectId, int instanceId) {
        switch (objectId) {
        case 3303:
            return new SimpleInstanceEnabler(instanceId, Map.<Integer, Object>of(5700, 20.5d, 5701, "Cel"));
        case 3311:
            return new SimpleInstanceEnabler(instanceId, Map.<Integer, Object>of(5850, false, 5851, 50L));
        default:
            return new SimpleInstanceEnabler(instanceId);
        }
    }

    private LeshanClient build() throws IOException {
        String uri = options.get("server");
        ObjectsInitializer objects = new ObjectsInitializer(model);
        objects.setInstancesForObject(LwM2mId.SECURITY, security(uri));
        if (bootstraps())
            objects.setClassForObject(LwM2mId.SERVER, Server.class);
        else
            objects.setInstancesForObject(LwM2mId.SERVER, new Server(SHORT_SERVER_ID, seconds("lifetime", 60)));
        objects.setInstancesForObject(LwM2mId.DEVICE,
                new Device("Interop", "Leshan", "0001", EnumSet.of(BindingMode.U)));
        Map<Integer, List<LwM2mInstanceEnabler>> more = new TreeMap<>();
        for (String path : options.getOrDefault("objects", "3303/0,3311/0").split(",")) {
            int[] ids = ids(path);
            more.computeIfAbsent(ids[0], id -> new ArrayList<>()).add(instance(ids[0], ids[1]));
        }
        more.forEach((id, list) -> objects.setInstancesForObject(id, list.toArray(new LwM2mInstanceEnabler[0])));
        List<LwM2mObjectEnabler> all = objects.createAll();
        for (LwM2mObjectEnabler enabler : all)
            enablers.put(enabler.getId(), (ObjectEnabler) enabler);

        CaliforniumClientEndpointsProvider.Builder endpoints = new CaliforniumClientEndpointsProvider.Builder(
                new CoapClientProtocolProvider(), new CoapsClientProtocolProvider());
        endpoints.setConfiguration(endpoints.createDefaultConfiguration());
        if (options.containsKey("bind"))
            endpoints.setClientAddress(InetAddress.getByName(options.get("bind")));

        DefaultRegistrationEngineFactory engine = new DefaultRegistrationEngineFactory();
        engine.setQueueMode(Boolean.parseBoolean(options.get("queue")));
        engine.setRetryWaitingTimeInMs(Integer.parseInt(options.getOrDefault("retry-ms", "1000")));
        engine.setDeregistrationTimeoutInMs(2000);
        if (options.containsKey("update-period"))
            engine.setCommunicationPeriod((int) seconds("update-period", 0) * 1000);

        LeshanClientBuilder builder = new LeshanClientBuilder(options.get("endpoint"));
        builder.setObjects(all);
        builder.setEndpointsProviders(endpoints.build());
        builder.setRegistrationEngineFactory(engine);
        return builder.build();
    }

    /** By what the options hold: a pre-shared key, a certificate, a raw public key, or no security. */
    private Security security(String uri) throws IOException {
        if (bootstraps() && options.containsKey("psk"))
            return Security.pskBootstrap(uri, options.get("identity").getBytes(StandardCharsets.UTF_8),
                    HexFormat.of().parseHex(options.get("psk")));
        if (bootstraps())
            return Security.noSecBootstrap(uri);
        if (options.containsKey("psk"))
            return Security.psk(uri, SHORT_SERVER_ID, options.get("identity").getBytes(StandardCharsets.UTF_8),
                    HexFormat.of().parseHex(options.get("psk")));
        if (options.containsKey("certificate"))
            return Security.x509(uri, SHORT_SERVER_ID, der("certificate"), der("private-key"),
                    der("server-certificate"));
        if (options.containsKey("public-key"))
            return Security.rpk(uri, SHORT_SERVER_ID, der("public-key"), der("private-key"),
                    der("server-public-key"));
        return Security.noSec(uri, SHORT_SERVER_ID);
    }

    /** What the first block of a PEM file holds. */
    private byte[] der(String option) throws IOException {
        String pem = Files.readString(Path.of(options.get(option)));
        return Base64.getMimeDecoder().decode(pem.replaceFirst("(?s)^.*?-----BEGIN [^-]+-----", "")
                .replaceFirst("(?s)-----END .*$", ""));
    }

    private boolean bootstraps() {
        return Boolean.parseBoolean(options.get("bootstrap"));
    }

    private long seconds(String option, long otherwise) {
        return options.containsKey(option) ? Long.parseLong(options.get(option)) : otherwise;
    }

    /** {@code 3303/1} as object and instance; instance 0 where none is named. */
    private static int[] ids(String path) {
        String[] parts = path.trim().split("/");
        return new int[] { Integer.parseInt(parts[0]), parts.length > 1 ? Integer.parseInt(parts[1]) : 0 };
    }

    private void serveCommands() throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.trim().split("\\s+");
            if (words[0].equals("quit"))
                return;
            try {
                obey(words);
            } catch (RuntimeException e) {
                say("error " + line + ": " + e);
            }
        }
    }

    private void obey(String[] words) {
        switch (words[0]) {
        case "update":
            client.triggerRegistrationUpdate();
            break;
        case "add":
            add(ids(words[1]));
            break;
        case "remove":
            if (words[1].contains("/"))
                enablers.get(ids(words[1])[0]).removeInstance(ids(words[1])[1]);
            else {
                enablers.remove(ids(words[1])[0]);
                client.getObjectTree().removeObjectEnabler(ids(words[1])[0]);
            }
            break;
        case "lifetime":
            write(LwM2mId.SERVER, 0, LwM2mSingleResource.newIntegerResource(1, Long.parseLong(words[1])));
            break;
        case "temperature":
            write(3303, 0, LwM2mSingleResource.newFloatResource(5700, Double.parseDouble(words[1])));
            break;
        case "deregister":
            client.stop(true);
            break;
        case "forget":
            client.stop(false);
            break;
        case "register":
            client.start();
            break;
        default:
            say("error unknown command " + words[0]);
        }
    }

    private void add(int[] ids) {
        ObjectEnabler enabler = enablers.get(ids[0]);
        if (enabler != null) {
            enabler.addInstance(ids[1], instance(ids[0], ids[1]));
            return;
        }
        ObjectsInitializer objects = new ObjectsInitializer(model);
        objects.setInstancesForObject(ids[0], instance(ids[0], ids[1]));
        enabler = (ObjectEnabler) objects.create(ids[0]);
        enablers.put(ids[0], enabler);
        client.getObjectTree().addObjectEnabler(enabler);
    }

    private void write(int objectId, int instanceId, LwM2mSingleResource resource) {
        enablers.get(objectId).getInstance(instanceId).write(LwM2mServer.SYSTEM, true, resource.getId(), resource);
    }

    /** Says what became of each request of the bootstrap and registration interfaces. */
    private static final class Reporter extends LwM2mClientObserverAdapter {

        @Override
        public void onBootstrapSuccess(LwM2mServer server, BootstrapRequest request) {
            say("bootstrapped");
        }

        @Override
        public void onBootstrapFailure(LwM2mServer server, BootstrapRequest request, ResponseCode code, String text,
                Exception cause) {
            say(failure("bootstrap", code, text, cause));
        }

        @Override
        public void onBootstrapTimeout(LwM2mServer server, BootstrapRequest request) {
            say("bootstrap-timeout");
        }

        @Override
        public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String registrationId) {
            say("registered " + registrationId);
        }

        @Override
        public void onRegistrationFailure(LwM2mServer server, RegisterRequest request, ResponseCode code, String text,
                Exception cause) {
            say(failure("register", code, text, cause));
        }

        @Override
        public void onRegistrationTimeout(LwM2mServer server, RegisterRequest request) {
            say("register-timeout");
        }

        @Override
        public void onUpdateSuccess(LwM2mServer server, UpdateRequest request) {
            say("updated");
        }

        @Override
        public void onUpdateFailure(LwM2mServer server, UpdateRequest request, ResponseCode code, String text,
                Exception cause) {
            say(failure("update", code, text, cause));
        }

        @Override
        public void onUpdateTimeout(LwM2mServer server, UpdateRequest request) {
            say("update-timeout");
        }

        @Override
        public void onDeregistrationSuccess(LwM2mServer server, DeregisterRequest request) {
            say("deregistered");
        }

        @Override
        public void onDeregistrationFailure(LwM2mServer server, DeregisterRequest request, ResponseCode code,
                String text, Exception cause) {
            say(failure("deregister", code, text, cause));
        }

        @Override
        public void onDeregistrationTimeout(LwM2mServer server, DeregisterRequest request) {
            say("deregister-timeout");
        }

        @Override
        public void onUnexpectedError(Throwable cause) {
            say("error " + cause);
        }

        private static String failure(String operation, ResponseCode code, String text, Exception cause) {
            return operation + "-refused " + (code == null ? "none" : code.getCode()) + " "
                    + (text == null || text.isEmpty() ? String.valueOf(cause) : text);
        }
    }
}
