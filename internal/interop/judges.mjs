// The senders whose library only verifies: each judges a request that the door's own signer made.
//
// A judge is {library, preset, secrets?, keys?, privateKey?, body, verify({url, headers, body}) -> boolean}. headers have
// lower-case names.
import crypto from 'node:crypto'
import { isValidSlackRequest } from '@slack/bolt'
import { WebhooksHelper as Square } from 'square'
import { Paddle } from '@paddle/paddle-node-sdk'
import { EventWebhook as SendGrid } from '@sendgrid/eventwebhook'
import { verifyKey as discordVerify } from 'discord-interactions'
import { LinearWebhookClient } from '@linear/sdk/webhooks'
import { validateSignature as lineValidate } from '@line/bot-sdk'
import Razorpay from 'razorpay'
import { verifySignature as gocardlessVerify } from 'gocardless-nodejs'
import Mux from '@mux/mux-node'

const random = () => crypto.randomBytes(24).toString('hex')
const text = (value) => JSON.stringify(value)

// holds turns a library that throws into one that answers.
const holds = async (check) => {
  try {
    return await check() !== false
  } catch {
    return false
  }
}

function ofSecret(library, preset, body, verify) {
  const secret = random()
  return { library, preset, secrets: [secret], body, verify: (request) => holds(() => verify(secret, request)) }
}

function sendgrid() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const library = new SendGrid()
  return {
    library: '@sendgrid/eventwebhook', preset: 'sendgrid', keys: [key],
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    body: text([{ email: 'a@example.com', event: 'delivered', sg_event_id: 'one' }]) + '\r\n',
    verify: ({ headers, body }) => holds(() => library.verifySignature(
      library.convertPublicKeyToECDSA(key), Buffer.from(body),
      headers['x-twilio-email-event-webhook-signature'], headers['x-twilio-email-event-webhook-timestamp'])),
  }
}

function discord() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519')
  const key = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')
  return {
    library: 'discord-interactions', preset: 'discord', keys: [key],
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    body: text({ id: '1', type: 2, token: 't', data: { name: 'hello' } }),
    verify: ({ headers, body }) => holds(() => discordVerify(body, headers['x-signature-ed25519'], headers['x-signature-timestamp'], key)),
  }
}

export function judges() {
  return [
    ofSecret('@slack/bolt', 'slack', text({ type: 'event_callback', event_id: 'Ev1', event: { type: 'message' } }),
      (signingSecret, { headers, body }) => isValidSlackRequest({
        signingSecret, body,
        headers: {
          'x-slack-signature': headers['x-slack-signature'],
          'x-slack-request-timestamp': Number(headers['x-slack-request-timestamp']),
        },
      })),
    ofSecret('square', 'square', text({ type: 'payment.created', event_id: 'e1', note: '<a> & "b"' }),
      (signatureKey, { url, headers, body }) => Square.verifySignature({
        requestBody: body, signatureHeader: headers['x-square-hmacsha256-signature'], signatureKey, notificationUrl: url,
      })),
    ofSecret('@paddle/paddle-node-sdk', 'paddle', text({ event_id: 'evt_1', event_type: 'transaction.completed', data: {} }),
      (secret, { headers, body }) => new Paddle('key').webhooks.isSignatureValid(body, secret, headers['paddle-signature'])),
    sendgrid(), discord(),
    ofSecret('@linear/sdk', 'linear', text({ action: 'create', type: 'Issue', webhookTimestamp: Date.now(), data: { id: '1' } }),
      (secret, { headers, body }) => new LinearWebhookClient(secret)
        .verify(Buffer.from(body), headers['linear-signature'], JSON.parse(body).webhookTimestamp)),
    ofSecret('@line/bot-sdk', 'line', text({ destination: 'U1', events: [] }),
      (secret, { headers, body }) => lineValidate(body, secret, headers['x-line-signature'])),
    ofSecret('razorpay', 'razorpay', text({ entity: 'event', event: 'payment.captured' }),
      (secret, { headers, body }) => Razorpay.validateWebhookSignature(body, headers['x-razorpay-signature'], secret)),
    ofSecret('gocardless-nodejs', 'gocardless', text({ events: [{ id: 'EV1', resource_type: 'payments', action: 'confirmed' }] }),
      (secret, { headers, body }) => {
        gocardlessVerify(body, secret, headers['webhook-signature'])
        return true
      }),
    ofSecret('@mux/mux-node', 'mux', text({ type: 'video.asset.ready', id: '1' }),
      async (secret, { headers, body }) => {
        await new Mux({ tokenId: 'a', tokenSecret: 'b' }).webhooks.verifySignature(body, headers, secret)
        return true
      }),
  ]
}
