// Pages keep their own state; what they share is in utils/ and in the server.
App({})
