/** The lines that mend a finding, by the product whose configuration they stand in. */
export const products = {
  server: 'fastify-sockjs',
  nginx: 'nginx',
  haproxy: 'HAProxy',
  traefik: 'Traefik',
  caddy: 'Caddy',
  alb: 'AWS ALB',
  cloudflare: 'Cloudflare'
} as const

export type Product = keyof typeof products

export type Remedies = Readonly<Partial<Record<Product, string>>>

export const remedies = {
  listen: {
    server: 'await app.listen({ host: \'0.0.0.0\', port: 3000 })   // without host, Fastify listens on the loopback interface only'
  },
  service: {
    server: 'app.sockjs(\'/echo\', handler)   // give this path to the doctor: sockjs-doctor https://app.example/echo',
    nginx: 'location /echo { proxy_pass http://application; }   # no path and no / behind the name, else nginx rewrites the URL',
    haproxy: 'use_backend application if { path_beg /echo }',
    traefik: 'rule: "PathPrefix(`/echo`)"   # and no stripPrefix',
    caddy: 'handle /echo* { reverse_proxy 127.0.0.1:3000 }   # handle, not handle_path, which strips the prefix',
    alb: 'a listener rule with the path pattern /echo*',
    cloudflare: 'no Worker route and no redirect rule for /echo*'
  },
  redirect: {
    server: 'give the page the URL that the redirect names, in place of https://app.example/echo',
    nginx: 'location /echo { proxy_pass http://application; }   # without a redirect to another scheme, host or a final /',
    haproxy: 'http-request redirect scheme https unless { ssl_fc } or { path_beg /echo }',
    traefik: 'a router for /echo without the middleware redirectScheme or redirectRegex',
    caddy: 'http://app.example { handle /echo* { reverse_proxy 127.0.0.1:3000 } }   # a site with http:// is not redirected',
    alb: 'a listener rule for /echo* with the action forward, before the one with redirect',
    cloudflare: 'SSL/TLS, Edge Certificates, Always Use HTTPS: let pages use https. SSL/TLS mode: Full, never Flexible'
  },
  certificate: {
    nginx: 'ssl_certificate fullchain.pem;   # the certificate and all between it and the root',
    haproxy: 'bind :443 ssl crt /etc/haproxy/app.example.pem   # certificate, chain and key in one file',
    traefik: 'tls: { certResolver: letsencrypt }',
    caddy: 'app.example { reverse_proxy 127.0.0.1:3000 }   # with the name as the address, Caddy gets a certificate itself',
    alb: 'a certificate of ACM for this name on the listener of port 443',
    cloudflare: 'SSL/TLS, Edge Certificates: the name must be covered, and the record must be proxied'
  },
  'http-version': {
    nginx: 'proxy_http_version 1.1;',
    haproxy: 'remove: option httpclose, and alpn h2 without http/1.1 (bind :443 ssl crt … alpn h2,http/1.1)',
    alb: 'protocol version HTTP1 for the target group',
    cloudflare: 'nothing to set: browsers get HTTP/1.1 for WebSockets'
  },
  'mixed-content': {
    server: 'new SockJS(\'https://…\') in the page; the server, or the proxy in front of it, must speak TLS',
    nginx: 'listen 443 ssl;',
    haproxy: 'bind :443 ssl crt /etc/haproxy/app.example.pem',
    traefik: 'entryPoints: { websecure: { address: ":443" } }, and tls: {} at the router',
    caddy: 'app.example { reverse_proxy 127.0.0.1:3000 }',
    alb: 'a listener HTTPS:443',
    cloudflare: 'SSL/TLS mode: Full (strict)'
  },
  caching: {
    nginx: 'proxy_cache off;   # at least for location ~ /info$; also check expires and add_header Cache-Control',
    haproxy: 'remove: http-request cache-use, for these paths',
    traefik: 'remove the cache plugin from the middlewares of this router',
    caddy: 'remove the directive cache for this path',
    cloudflare: 'Caching, Cache Rules: Bypass cache for /echo*'
  },
  'base-url': {
    server: 'app.sockjs(\'/echo\', { baseUrl: \'https://app.example/echo\' }, handler)   // a URL that browsers reach, or no baseUrl'
  },
  origin: {
    server: 'app.sockjs(\'/echo\', { origins: [\'https://app.example\'] }, handler), and Fastify({ trustProxy: [\'10.0.0.0/8\'] }) behind a proxy',
    nginx: 'proxy_set_header Host $http_host;\nproxy_set_header X-Forwarded-Proto $scheme;   # do not clear Origin',
    haproxy: 'http-request set-header X-Forwarded-Proto https if { ssl_fc }',
    traefik: 'passHostHeader: true',
    caddy: 'reverse_proxy 127.0.0.1:3000   # without header_up Host',
    alb: 'attribute routing.http.preserve_host_header.enabled = true',
    cloudflare: 'no Origin Rule that overrides the Host header'
  },
  cors: {
    server: 'app.sockjs(\'/echo\', { origins: [\'https://app.example\'] }, handler)   // one place sets CORS headers: this, or the proxy with cors: false',
    nginx: 'remove: add_header Access-Control-Allow-Origin …;   # the server sends it already. Pass OPTIONS on to it',
    haproxy: 'remove: http-response set-header or add-header Access-Control-Allow-Origin',
    traefik: 'remove: accessControlAllowOriginList of the middleware headers',
    caddy: 'remove: header Access-Control-Allow-Origin',
    alb: 'remove the CORS attributes of the listener (routing.http.response.access_control_allow_origin.header_value)',
    cloudflare: 'remove the Transform Rule that sets Access-Control-Allow-Origin; no Access policy for OPTIONS'
  },
  upgrade: {
    nginx: 'proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection "upgrade";',
    haproxy: 'remove: http-request del-header Upgrade; option httpclose\nadd: timeout tunnel 1h',
    traefik: 'no middleware that rewrites Connection or Upgrade; Traefik passes upgrades on by itself',
    caddy: 'reverse_proxy 127.0.0.1:3000   # without header_up Connection or Upgrade',
    alb: 'protocol version HTTP1 for the target group, and an HTTP or HTTPS listener',
    cloudflare: 'Network, WebSockets: on'
  },
  'messages-ws': {
    server: 'app.sockjs(\'/echo\', { maxMessageSize: 1024 * 1024 }, handler)',
    haproxy: 'remove rules on websocket frames; HAProxy passes them on unread',
    alb: 'AWS API Gateway limits a message to 128 KiB: use an ALB for WebSockets',
    cloudflare: 'no Worker between client and server: it limits a message to 1 MiB'
  },
  buffering: {
    server: 'nothing to set: it sends X-Accel-Buffering: no and Cache-Control: no-transform, which proxies should obey',
    nginx: 'proxy_buffering off;\n# and remove: proxy_ignore_headers X-Accel-Buffering;',
    haproxy: 'option http-no-delay\n# and remove: http-response wait-for-body',
    traefik: 'responseForwarding: { flushInterval: "-1" } of the loadBalancer, and no middleware buffering',
    caddy: 'reverse_proxy 127.0.0.1:3000 { flush_interval -1 }',
    alb: 'ALB does not buffer: look behind it',
    cloudflare: 'Rules, Configuration Rules: Response Buffering off'
  },
  compression: {
    nginx: 'gzip off;   # in the location of SockJS',
    haproxy: 'remove from compression type: application/javascript text/event-stream text/html',
    traefik: 'compress: { excludedContentTypes: ["text/event-stream", "application/javascript", "text/html"] }',
    caddy: '@page not path /echo/*\nencode @page gzip',
    cloudflare: 'Rules, Compression Rules: disable compression for /echo*'
  },
  'post-refused': {
    server: 'app.sockjs(\'/echo\', { transports: { xhrPolling: true } }, handler)',
    nginx: 'remove limit_except or a static location for this path; proxy_pass http://application;',
    haproxy: 'remove: http-request deny if METH_POST',
    traefik: 'no Method(`GET`) in the rule of the router',
    caddy: 'no method matcher on the handle of this path',
    alb: 'no HTTP request method condition in the listener rule; check AWS WAF',
    cloudflare: 'Security, WAF: skip for POST /echo*'
  },
  'post-repeated': {
    nginx: 'proxy_next_upstream error timeout;   # without non_idempotent',
    haproxy: 'retry-on conn-failure   # not all-retryable-errors',
    traefik: 'remove the middleware retry',
    caddy: 'lb_retry_match method GET   # never POST',
    cloudflare: 'no Worker that repeats fetch()'
  },
  'body-size': {
    server: 'app.sockjs(\'/echo\', { maxMessageSize: 1024 * 1024 }, handler)   // a body may have four times as much',
    nginx: 'client_max_body_size 4m;   # four times maxMessageSize',
    haproxy: 'remove: http-request deny if { req.body_size gt … }',
    traefik: 'buffering: { maxRequestBodyBytes: 4194304 }   # or no middleware buffering',
    caddy: 'request_body { max_size 4MB }',
    alb: 'ALB has no limit for instances; AWS WAF inspects 8 KiB and may refuse the rest: raise SizeRestrictions_BODY',
    cloudflare: 'Network, Maximum Upload Size'
  },
  sticky: {
    server: 'await app.register(sockjs, { engine: natsEngine({ … }) })   // then every process serves every session',
    nginx: 'map $uri $sockjs { "~/[^/.]+/(?<id>[^/.]+)/[a-z_]+$" $id; default $request_id; }\nupstream application { hash $sockjs consistent; server …; }',
    haproxy: 'http-request set-var(txn.session) path,field(-2,/)\nbalance hash var(txn.session)\nhash-type consistent',
    traefik: 'loadBalancer: { sticky: { cookie: { name: node, secure: true, sameSite: none } } }',
    caddy: 'reverse_proxy n1:3000 n2:3000 { lb_policy cookie }',
    alb: 'target group: stickiness.enabled = true, stickiness.type = lb_cookie',
    cloudflare: 'Load Balancing: Session Affinity by cookie'
  },
  'sticky-cookie': {
    server: 'await app.register(sockjs, { engine: … }), or balance by the session id in the path: no cookie is needed',
    nginx: 'map $uri $sockjs { "~/[^/.]+/(?<id>[^/.]+)/[a-z_]+$" $id; default $request_id; }\nupstream application { hash $sockjs consistent; server …; }',
    haproxy: 'http-request set-var(txn.session) path,field(-2,/)\nbalance hash var(txn.session)   # or: cookie NODE insert indirect nocache secure attr "SameSite=None"',
    traefik: 'sticky: { cookie: { secure: true, sameSite: none } }',
    caddy: 'lb_policy uri_hash   # or serve page and service from one site',
    alb: 'ALB adds AWSALBCORS with SameSite=None; Secure for pages of other sites: use HTTPS',
    cloudflare: 'Session Affinity: SameSite None, Secure Always'
  },
  timeouts: {
    server: 'app.sockjs(\'/echo\', { heartbeat: 10_000 }, handler)   // less than half of the time after which the proxy cuts',
    nginx: 'proxy_read_timeout 60s;\nproxy_send_timeout 60s;   # longer than the heartbeat',
    haproxy: 'timeout client 60s\ntimeout server 60s\ntimeout tunnel 1h',
    traefik: 'entryPoints: { web: { transport: { respondingTimeouts: { readTimeout: 0, idleTimeout: 180s } } } }',
    caddy: 'reverse_proxy 127.0.0.1:3000 { transport http { read_timeout 0 } }\nservers { timeouts { idle 5m } }',
    alb: 'attribute idle_timeout.timeout_seconds = 120',
    cloudflare: 'fixed at 100 s of silence: keep the heartbeat below it'
  },
  lifetime: {
    server: 'let pages connect again after a random pause: sockjs-client does not do it by itself',
    nginx: 'worker_shutdown_timeout 1h;   # reloads end connections after this time',
    haproxy: 'hard-stop-after 1h; timeout tunnel 1h',
    traefik: 'respondingTimeouts: { readTimeout: 0, writeTimeout: 0 }',
    caddy: 'reverse_proxy 127.0.0.1:3000 { stream_timeout 24h; stream_close_delay 5m }',
    alb: 'deregistration_delay.timeout_seconds = 300',
    cloudflare: 'restarts of the edge end WebSockets at times: pages must connect again'
  },
  heartbeat: {
    server: 'app.sockjs(\'/echo\', { heartbeat: 25_000 }, handler)'
  },
  forwarded: {
    server: 'Fastify({ trustProxy: [\'127.0.0.1\', \'10.0.0.0/8\'] })   // the addresses of the proxies, never true',
    nginx: 'proxy_set_header Host $http_host;\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_set_header X-Forwarded-Proto $scheme;',
    haproxy: 'option forwardfor\nhttp-request set-header X-Forwarded-Proto https if { ssl_fc }\nhttp-request set-header X-Forwarded-Proto http unless { ssl_fc }',
    traefik: 'passHostHeader: true; behind another proxy: entryPoints: { web: { forwardedHeaders: { trustedIPs: [10.0.0.0/8] } } }',
    caddy: 'sent by default; behind another proxy: servers { trusted_proxies static private_ranges }',
    alb: 'routing.http.xff_header_processing.mode = append; routing.http.preserve_host_header.enabled = true',
    cloudflare: 'sent by default; let the origin trust the published ranges of Cloudflare only'
  },
  trust: {
    server: 'Fastify({ trustProxy: [\'127.0.0.1\', \'10.0.0.0/8\'] })   // a list of proxies in place of true',
    nginx: 'proxy_set_header X-Forwarded-For $remote_addr;   # at the outermost proxy',
    haproxy: 'http-request del-header X-Forwarded-For\noption forwardfor',
    traefik: 'forwardedHeaders: { insecure: false }',
    caddy: 'no trusted_proxies for addresses of clients',
    alb: 'routing.http.xff_header_processing.mode = append, and trustProxy with the subnets of the ALB',
    cloudflare: 'nothing to set: trust the published ranges of Cloudflare only'
  },
  cookie: {
    server: 'sessionCookie: (request, reply) => { reply.header(\'set-cookie\', \'JSESSIONID=dummy; Path=/; SameSite=None; Secure\') }   // or sessionCookie: false'
  },
  'stomp-login': {
    server: 'sockjs-doctor URL --stomp --login NAME --passcode TEXT --stomp-host HOST   # as the pages do'
  },
  'stomp-protocol': {
    server: 'await app.register(stomp, { path: \'/stomp\' })   // it answers v10.stomp, v11.stomp and v12.stomp',
    nginx: 'remove: proxy_set_header Sec-WebSocket-Protocol …;',
    haproxy: 'remove: http-request del-header Sec-WebSocket-Protocol',
    traefik: 'remove Sec-WebSocket-Protocol from the middleware headers',
    caddy: 'remove: header_up -Sec-WebSocket-Protocol'
  },
  'stomp-heart-beat': {
    server: 'await app.register(stomp, { heartBeat: { offer: [10_000, 10_000] } })'
  }
} as const satisfies Record<string, Remedies>

export type RemedyName = keyof typeof remedies

/** The products that name themselves in their responses. */
const signs: readonly (readonly [product: Product, header: string, pattern: RegExp])[] = [
  ['cloudflare', 'server', /cloudflare/i],
  ['cloudflare', 'cf-ray', /./],
  ['alb', 'server', /awselb/i],
  ['alb', 'set-cookie', /^AWSALB/],
  ['nginx', 'server', /nginx|openresty/i],
  ['caddy', 'server', /caddy/i],
  ['caddy', 'via', /caddy/i],
  ['haproxy', 'via', /haproxy/i],
  ['traefik', 'via', /traefik/i]
]

export function productOf (get: (name: string) => string | undefined): Product | undefined {
  return signs.find(([, header, pattern]) => pattern.test(get(header) ?? ''))?.[0]
}
