// Speaks JSON lines with the test: says who there is, then answers questions until its input ends.
//
//   -> {"sign": {"library": "...", "url": "...", "now": ms}}      <- [{method, url, headers, body}]
//   -> {"judge": {"library": "...", "requests": [{url, headers, body}]}}  <- [true, false]
import readline from 'node:readline'
import { senders } from './senders.mjs'
import { judges } from './judges.mjs'

// Libraries that warn on standard output would break the lines.
console.log = console.info = console.warn = console.debug = console.error

const signing = await senders()
const judging = judges()
const say = (value) => process.stdout.write(JSON.stringify(value) + '\n')
const find = (list, name) => list.find((entry) => entry.library === name)

say({
  signing: signing.map(({ library, preset, secrets, keys, options }) => ({ library, preset, secrets, keys, options })),
  judging: judging.map(({ library, preset, secrets, keys, privateKey, body }) => ({ library, preset, secrets, keys, privateKey, body })),
})
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { sign, judge } = JSON.parse(line)
  if (sign) say([await find(signing, sign.library).sign(sign)].flat())
  if (judge) say(await Promise.all(judge.requests.map((request) => find(judging, judge.library).verify(request))))
}
