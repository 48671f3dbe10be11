delete window.WebSocket
