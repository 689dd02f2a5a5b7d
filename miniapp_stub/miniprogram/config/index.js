// The only place that knows where the server is. http works in DevTools only: on a phone WeChat
// asks for https and for a domain registered as both request and socket domain.
module.exports = {
  baseUrl: 'http://127.0.0.1:8000',
  timeout: 10000, // ms for one request
  pollEvery: 15000, // ms between two looks at the progress while the socket is down
}
