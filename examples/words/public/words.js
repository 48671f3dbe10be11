/* The words of an answer, each once and in order. The page and the test use it. */

/** Asks, and yields the words of the answer. `ontwice` is called with each word that the server sends again after a lost session. */
export async function * ask (client, prompt, ontwice = () => {}) {
  const params = { id: crypto.randomUUID().replaceAll('-', '') }
  await sendOnce(client, prompt, params)
  let next = 0
  for await (const { body: { at, word } } of client.subscribe('/app/answers/:id', { params })) {
    if (word === undefined) return
    if (at < next) {
      ontwice(word)
      continue
    }
    next = at + 1
    yield word
  }
}

/** Sends the question until the server has it. The server knows it again by its id. */
async function sendOnce (client, prompt, params) {
  for (;;) {
    try {
      return await client.send('/app/answers/:id', { prompt }, { params })
    } catch (error) {
      if (error.code !== 'STOMP_CLIENT_INTERRUPTED') throw error
    }
  }
}
