// Uploads a file by tus-js-client. Told on stdin: endpoint, token, file, chunkSize, metadata;
// url: where to go on; stopAt: how many bytes are enough; override: say PATCH by POST.
import { readFileSync } from 'node:fs'
import * as tus from 'tus-js-client'

const told = JSON.parse(readFileSync(0))
let stopped = false

function say(result) {
  console.log(JSON.stringify({ url: upload.url, ...result }))
}

const upload = new tus.Upload(readFileSync(told.file), {
  endpoint: told.endpoint,
  uploadUrl: told.url ?? null,
  headers: { Authorization: `Bearer ${told.token}` },
  metadata: told.metadata ?? {},
  chunkSize: told.chunkSize,
  overridePatchMethod: told.override ?? false,
  uploadDataDuringCreation: told.early ?? false,
  retryDelays: [100, 500, 1000, 3000, 5000],
  storeFingerprintForResuming: false,
  onChunkComplete: async (_, accepted) => {
    if (told.stopAt && accepted >= told.stopAt && !stopped) {
      stopped = true
      await upload.abort()
      say({ done: false, accepted })
    }
  },
  onSuccess: () => say({ done: true }),
  onError: (error) => {
    const reply = error.originalResponse
    say({ done: false, status: reply?.getStatus() ?? null, body: reply?.getBody() ?? null })
  },
})
upload.start()
