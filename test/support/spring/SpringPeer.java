package peer;

import java.security.Principal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.http.ResponseEntity;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageChannel;
import org.springframework.messaging.MessageHandler;
import org.springframework.messaging.handler.annotation.DestinationVariable;
import org.springframework.messaging.handler.annotation.MessageExceptionHandler;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.messaging.simp.SimpMessagingTemplate;
import org.springframework.messaging.simp.annotation.SendToUser;
import org.springframework.messaging.simp.annotation.SubscribeMapping;
import org.springframework.messaging.simp.annotation.support.SimpAnnotationMethodMessageHandler;
import org.springframework.messaging.simp.broker.SimpleBrokerMessageHandler;
import org.springframework.messaging.simp.config.ChannelRegistration;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompHeaderAccessor;
import org.springframework.messaging.simp.user.UserDestinationMessageHandler;
import org.springframework.messaging.support.ExecutorChannelInterceptor;
import org.springframework.messaging.support.MessageBuilder;
import org.springframework.messaging.support.MessageHeaderAccessor;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.SockJsServiceRegistration;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketHandlerRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import org.springframework.web.socket.server.standard.ServletServerContainerFactoryBean;

/** The server of test/e2e/spring.e2e.ts: SockJS and STOMP of Spring. Its settings are arguments of the command. */
@SpringBootConfiguration
@EnableAutoConfiguration
@Import({SpringPeer.SockJs.class, SpringPeer.Stomp.class, SpringPeer.Http.class, SpringPeer.Routes.class})
public class SpringPeer {

    /** The bytes of a message, above the 64 KiB that the tests send. */
    private static final int LARGE = 1024 * 1024;

    /** The codes of the sessions that have ended, by the ids of their URLs. */
    private static final Map<String, Integer> ENDED = new ConcurrentHashMap<>();

    public static void main(String[] args) {
        SpringApplication.run(SpringPeer.class, args);
    }

    /** The endpoints that sockjs-conformance asks for. */
    @EnableWebSocket
    static class SockJs implements WebSocketConfigurer {

        @Override
        public void registerWebSocketHandlers(WebSocketHandlerRegistry registry) {
            WebSocketHandler echo = new Echo();
            add(registry, echo, "/echo").setStreamBytesLimit(4096);
            add(registry, echo, "/disabled_websocket_echo").setStreamBytesLimit(4096).setWebSocketEnabled(false);
            add(registry, echo, "/cookie_needed_echo").setSessionCookieNeeded(true);
            add(registry, echo, "/quick").setHeartbeatTime(200).setDisconnectDelay(500);
            add(registry, new Closing(), "/close");
        }

        private static SockJsServiceRegistration add(WebSocketHandlerRegistry registry, WebSocketHandler handler, String path) {
            // By default 100 messages wait for the next request of a client.
            return registry.addHandler(handler, path).setAllowedOriginPatterns("*").withSockJS()
                .setSessionCookieNeeded(false).setHttpMessageCacheSize(5000);
        }

        @Bean
        ServletServerContainerFactoryBean container() {
            ServletServerContainerFactoryBean container = new ServletServerContainerFactoryBean();
            container.setMaxTextMessageBufferSize(LARGE);
            return container;
        }
    }

    /** Sends back each message. The message "bye" ends the session. */
    static class Echo extends TextWebSocketHandler {

        @Override
        protected void handleTextMessage(WebSocketSession session, TextMessage message) throws Exception {
            if (message.getPayload().equals("bye")) session.close(new CloseStatus(3001, "bye é"));
            else session.sendMessage(message);
        }

        @Override
        public void afterConnectionClosed(WebSocketSession session, CloseStatus status) {
            ENDED.put(session.getId(), status.getCode());
        }
    }

    /** Ends each session at once. */
    static class Closing extends TextWebSocketHandler {

        @Override
        public void afterConnectionEstablished(WebSocketSession session) throws Exception {
            session.close(new CloseStatus(3000, "Go away!"));
        }
    }

    @EnableWebSocketMessageBroker
    static class Stomp implements WebSocketMessageBrokerConfigurer {

        private final ApplicationContext context;

        Stomp(ApplicationContext context) {
            this.context = context;
        }

        @Override
        public void registerStompEndpoints(StompEndpointRegistry registry) {
            registry.addEndpoint("/stomp").setAllowedOriginPatterns("*").withSockJS();
        }

        @Override
        public void configureMessageBroker(MessageBrokerRegistry registry) {
            registry.enableSimpleBroker("/topic", "/queue").setTaskScheduler(heartBeats()).setHeartbeatValue(new long[] {1000, 1000});
            registry.setApplicationDestinationPrefixes("/app");
        }

        @Bean
        static TaskScheduler heartBeats() {
            ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
            scheduler.initialize();
            return scheduler;
        }

        @Override
        public void configureClientInboundChannel(ChannelRegistration registration) {
            registration.interceptors(new Connecting(), new Receipts(context));
            // One thread keeps the order of the frames.
            registration.taskExecutor().corePoolSize(1).maxPoolSize(1);
        }

        @Override
        public void configureClientOutboundChannel(ChannelRegistration registration) {
            registration.taskExecutor().corePoolSize(1).maxPoolSize(1);
        }
    }

    /** Makes the login of CONNECT the name of the user, and refuses one name. */
    static class Connecting implements ExecutorChannelInterceptor {

        @Override
        public Message<?> preSend(Message<?> message, MessageChannel channel) {
            StompHeaderAccessor frame = MessageHeaderAccessor.getAccessor(message, StompHeaderAccessor.class);
            if (frame != null && frame.getCommand() == StompCommand.CONNECT) {
                String login = frame.getLogin();
                if ("mallory".equals(login)) throw new IllegalArgumentException("no access");
                if (login != null) frame.setUser((Principal) () -> login);
                frame.getSessionAttributes().put("receipts", "true".equals(frame.getFirstNativeHeader("receipts")));
            }
            return message;
        }
    }

    /**
     * Sends the receipts that the simple broker does not send, to clients whose CONNECT has the header "receipts".
     * Every handler of the channel gets every frame. The receipt comes after the one that its destination belongs to.
     */
    static class Receipts implements ExecutorChannelInterceptor {

        private final ApplicationContext context;

        Receipts(ApplicationContext context) {
            this.context = context;
        }

        @Override
        public void afterMessageHandled(Message<?> message, MessageChannel channel, MessageHandler handler, Exception failure) {
            StompHeaderAccessor frame = MessageHeaderAccessor.getAccessor(message, StompHeaderAccessor.class);
            if (frame == null || frame.getReceipt() == null || frame.getCommand() == StompCommand.DISCONNECT) return;
            if (!Boolean.TRUE.equals(frame.getSessionAttributes().get("receipts")) || !handlerOf(frame.getDestination()).isInstance(handler)) return;
            StompHeaderAccessor receipt = StompHeaderAccessor.create(StompCommand.RECEIPT);
            receipt.setReceiptId(frame.getReceipt());
            receipt.setSessionId(frame.getSessionId());
            context.getBean("clientOutboundChannel", MessageChannel.class).send(MessageBuilder.createMessage(new byte[0], receipt.getMessageHeaders()));
        }

        private static Class<?> handlerOf(String destination) {
            if (destination == null) return SimpleBrokerMessageHandler.class;
            if (destination.startsWith("/app/")) return SimpAnnotationMethodMessageHandler.class;
            return destination.startsWith("/user/") ? UserDestinationMessageHandler.class : SimpleBrokerMessageHandler.class;
        }
    }

    /** What the tests ask this server over HTTP. */
    @RestController
    static class Http {

        private volatile boolean isReady;

        @EventListener(ApplicationReadyEvent.class)
        void ready() {
            isReady = true;
        }

        /** Tells whether the broker has started too. The server listens before that. */
        @GetMapping("/ready")
        ResponseEntity<String> isReady() {
            return isReady ? ResponseEntity.ok("ready") : ResponseEntity.status(503).build();
        }

        /** Tells the code with which a session has ended. */
        @GetMapping("/ended/{id}")
        ResponseEntity<Integer> ended(@PathVariable("id") String id) {
            return ResponseEntity.ofNullable(ENDED.get(id));
        }
    }

    @Controller
    static class Routes {

        record Alert(String level) {}

        private final SimpMessagingTemplate template;

        @Autowired
        Routes(SimpMessagingTemplate template) {
            this.template = template;
        }

        @MessageMapping("/chat/{room}")
        @SendTo("/topic/chat/{room}")
        Map<String, Object> chat(@Payload Map<String, Object> line, @DestinationVariable("room") String room) {
            line.put("room", room);
            return line;
        }

        @MessageMapping("/plain")
        @SendTo("/topic/plain")
        String plain(@Payload String text) {
            return text;
        }

        @SubscribeMapping("/state/{name}")
        Map<String, Object> state(@DestinationVariable("name") String name) {
            return Map.of("name", name);
        }

        /** Sends to one user, over all sessions of that user. */
        @MessageMapping("/tell/{name}")
        void tell(@Payload Alert alert, @DestinationVariable("name") String name) {
            template.convertAndSendToUser(name, "/queue/alerts", alert);
        }

        /** Answers the session that asks. */
        @MessageMapping("/who")
        @SendToUser(destinations = "/queue/who", broadcast = false)
        Map<String, String> who(Principal user) {
            return Map.of("name", user == null ? "" : user.getName());
        }

        @MessageMapping("/fail")
        void fail() {
            throw new IllegalStateException("as asked");
        }

        @MessageExceptionHandler
        @SendToUser(destinations = "/queue/errors", broadcast = false)
        Map<String, String> failed(IllegalStateException error) {
            return Map.of("error", "APP_FAILED", "message", error.getMessage());
        }
    }
}
