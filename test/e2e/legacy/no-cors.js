// How sockjs-client tells an XMLHttpRequest that reaches other origins.
delete window.XMLHttpRequest.prototype.withCredentials
