// The senders that have a library which signs: each makes a request as that sender would.
//
// A sender is {library, preset, secrets, keys?, options?, sign({url, now}) -> {method?, url?, headers, body}}.
import crypto from 'node:crypto'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { sign as githubSign } from '@octokit/webhooks-methods'
import { createRequire } from 'node:module'
import Stripe from 'stripe'
import twilio from 'twilio'
import '@shopify/shopify-api/adapters/node'
import { createSHA256HMAC } from '@shopify/shopify-api/runtime'
import { Signature as HubSpot } from '@hubspot/api-client'
import { WorkOS } from '@workos-inc/node'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { createSigner, httpbis } from 'http-message-signatures'

const githubExamples = createRequire(import.meta.url)('@octokit/webhooks-examples')

const json = { 'content-type': 'application/json' }
const text = (value) => JSON.stringify(value)

function standard(library, preset, prefix, Webhook) {
  const secret = 'whsec_' + crypto.randomBytes(32).toString('base64')
  return {
    library, preset, secrets: [secret],
    sign({ now }) {
      const id = 'msg_' + crypto.randomUUID().replaceAll('-', '')
      const body = text({ type: 'invoice.paid', data: { amount: 12, note: 'äöü' } })
      return {
        body,
        headers: {
          ...json, [prefix + '-id']: id, [prefix + '-timestamp']: String(Math.floor(now / 1000)),
          [prefix + '-signature']: new Webhook(secret).sign(id, new Date(now), body),
        },
      }
    },
  }
}

// github sends every published example of the event types, so that real bodies come by.
function github() {
  const secret = crypto.randomBytes(20).toString('hex')
  const bodies = githubExamples.flatMap(({ name, examples }) => examples.slice(0, 1).map((e) => [name, text(e)]))
  return {
    library: '@octokit/webhooks-methods', preset: 'github', secrets: [secret],
    sign: () => Promise.all(bodies.map(async ([name, body]) => ({
      body,
      headers: {
        ...json, 'x-github-event': name, 'x-github-delivery': crypto.randomUUID(),
        'x-hub-signature-256': await githubSign(secret, body),
      },
    }))),
  }
}

function stripe() {
  const secret = 'whsec_' + crypto.randomBytes(16).toString('hex')
  return {
    library: 'stripe', preset: 'stripe', secrets: [secret],
    sign({ now }) {
      const payload = text({ id: 'evt_1', object: 'event', type: 'charge.succeeded' })
      const header = new Stripe('sk_test_1').webhooks.generateTestHeaderString({ payload, secret, timestamp: Math.floor(now / 1000) })
      return { body: payload, headers: { ...json, 'stripe-signature': header } }
    },
  }
}

function twilioForm() {
  const secret = crypto.randomBytes(16).toString('hex')
  return {
    library: 'twilio', preset: 'twilio', secrets: [secret],
    sign({ url }) {
      const params = { CallSid: 'CA1234567890', From: '+14158675309', Digits: '1234', Body: 'a b&c=d ü' }
      return {
        body: new URLSearchParams(params).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, url, params),
        },
      }
    },
  }
}

function twilioJSON() {
  const secret = crypto.randomBytes(16).toString('hex')
  return {
    library: 'twilio (JSON body)', preset: 'twilio', secrets: [secret],
    sign({ url }) {
      const body = text({ event: 'message', sid: 'SM1' })
      const full = url + '&bodySHA256=' + twilio.getExpectedBodyHash(body)
      return { url: full, body, headers: { ...json, 'x-twilio-signature': twilio.getExpectedTwilioSignature(secret, full, {}) } }
    },
  }
}

function shopify() {
  const secret = crypto.randomBytes(16).toString('hex')
  return {
    library: '@shopify/shopify-api', preset: 'shopify', secrets: [secret],
    async sign() {
      const body = text({ id: 820982911946154508n.toString(), email: 'jon@example.com' })
      return {
        body,
        headers: {
          ...json, 'x-shopify-topic': 'orders/create', 'x-shopify-webhook-id': crypto.randomUUID(),
          'x-shopify-hmac-sha256': await createSHA256HMAC(secret, body),
        },
      }
    },
  }
}

function hubspot(version) {
  const clientSecret = crypto.randomUUID()
  const legacy = version !== 'v3'
  return {
    library: `@hubspot/api-client (${version})`, preset: legacy ? 'hubspot-legacy' : 'hubspot-v3', secrets: [clientSecret],
    options: legacy ? { acceptWeak: ['true'] } : {},
    sign({ url, now }) {
      const requestBody = text([{ eventId: 1, subscriptionType: 'contact.creation' }])
      const signature = HubSpot.getSignature('POST', version, { clientSecret, requestBody, url, timestamp: now })
      const headers = legacy
        ? { 'x-hubspot-signature': signature, 'x-hubspot-signature-version': version }
        : { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(now) }
      return { body: requestBody, headers: { ...json, ...headers } }
    },
  }
}

function workos() {
  const secret = crypto.randomBytes(16).toString('hex')
  return {
    library: '@workos-inc/node', preset: 'workos', secrets: [secret],
    async sign({ now }) {
      const payload = { id: 'event_1', event: 'user.created', data: { id: 'user_1' } }
      const hash = await new WorkOS('sk_test_1').webhooks.computeSignature(String(now), payload, secret)
      return { body: text(payload), headers: { ...json, 'workos-signature': `t=${now}, v1=${hash}` } }
    },
  }
}

async function jwt(alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const jwk = { ...await exportJWK(publicKey), kid: 'one', alg, use: 'sig' }
  return {
    library: `jose (${alg})`, preset: 'jwt', keys: [text({ keys: [jwk] })],
    options: { issuer: ['https://issuer.example'], audience: ['penstock'], algorithms: [alg] },
    async sign({ now }) {
      const token = await new SignJWT({}).setProtectedHeader({ alg, kid: 'one' }).setIssuer('https://issuer.example')
        .setAudience('penstock').setIssuedAt(Math.floor(now / 1000)).setExpirationTime(Math.floor(now / 1000) + 300).setJti(crypto.randomUUID()).sign(privateKey)
      return { body: text({ hello: 'world' }), headers: { ...json, authorization: 'Bearer ' + token } }
    },
  }
}

function rfc9421(alg, pair) {
  const { publicKey, privateKey } = pair
  return {
    library: `http-message-signatures (${alg})`, preset: 'rfc9421',
    keys: [publicKey.export({ type: 'spki', format: 'pem' })],
    async sign({ url, now }) {
      const body = text({ hello: 'world' })
      const digest = crypto.createHash('sha256').update(body).digest('base64')
      const signed = await httpbis.signMessage({
        key: createSigner(privateKey, alg, 'one'), fields: ['@method', '@target-uri', 'content-digest'],
        params: ['created', 'keyid'], paramValues: { created: new Date(now) },
      }, { method: 'POST', url, headers: { ...json, 'content-digest': `sha-256=:${digest}:` } })
      return { body, headers: signed.headers }
    },
  }
}

export async function senders() {
  return [
    standard('standardwebhooks', 'standard-webhooks', 'webhook', StandardWebhook),
    standard('svix', 'svix', 'svix', SvixWebhook),
    github(), stripe(), twilioForm(), twilioJSON(), shopify(),
    hubspot('v3'), hubspot('v2'), hubspot('v1'), workos(),
    await jwt('RS256'), await jwt('ES256'), await jwt('EdDSA'),
    rfc9421('ed25519', crypto.generateKeyPairSync('ed25519')),
    rfc9421('ecdsa-p256-sha256', crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  ]
}
