window.postMessage = undefined
