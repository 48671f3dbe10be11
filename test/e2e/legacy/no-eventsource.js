delete window.EventSource
