// One editor: reads a task as one line of JSON from standard input, does it, and writes the outcome as one line.
//   {"server": [program, arguments...], "settings": {...}, "root": uri, "actions": [...]}
// An action is {"open": uri, "text"}, {"change": uri, "text"}, {"ask": method, "params"} or {"find": uri}.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { createProtocolConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver-protocol/node'

async function run (task) {
  const child = spawn(task.server[0], task.server.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], cwd: task.dir })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  const connection = createProtocolConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin))
  const published = new Map() // the last findings of a document, and who waits for them
  connection.onNotification('textDocument/publishDiagnostics', (p) => {
    const known = published.get(p.uri)
    if (known?.wake) known.wake(p.diagnostics)
    published.set(p.uri, { diagnostics: p.diagnostics })
  })
  connection.onRequest('client/registerCapability', () => null)
  connection.onRequest('workspace/configuration', (p) => p.items.map((i) => task.settings?.[i.section] ?? null))
  connection.onNotification('window/logMessage', () => {})
  connection.onNotification('telemetry/event', () => {})
  connection.listen()
  const initialized = await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: task.root,
    workspaceFolders: [{ uri: task.root, name: 'workspace' }],
    capabilities: {
      workspace: { configuration: true, didChangeWatchedFiles: { dynamicRegistration: true }, didChangeConfiguration: { dynamicRegistration: true } },
      textDocument: {
        completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
        hover: { contentFormat: ['markdown'] },
        documentSymbol: { hierarchicalDocumentSymbolSupport: true }
      }
    }
  })
  await connection.sendNotification('initialized', {})
  if (task.settings) await connection.sendNotification('workspace/didChangeConfiguration', { settings: task.settings })
  const out = []
  let version = 1
  for (const a of task.actions) {
    if (a.open) {
      published.delete(a.open)
      await connection.sendNotification('textDocument/didOpen', { textDocument: { uri: a.open, languageId: 'yaml', version, text: a.text } })
      out.push(null)
    } else if (a.change) {
      published.delete(a.change)
      await connection.sendNotification('textDocument/didChange', { textDocument: { uri: a.change, version: ++version }, contentChanges: [{ text: a.text }] })
      out.push(null)
    } else if (a.find) {
      const known = published.get(a.find)
      out.push(known?.diagnostics ?? await new Promise((resolve) => published.set(a.find, { wake: resolve })))
    } else {
      out.push(await connection.sendRequest(a.ask, a.params))
    }
  }
  await connection.sendRequest('shutdown')
  await connection.sendNotification('exit')
  return { capabilities: initialized.capabilities, answers: out, code: await ended }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line))))
  break
}
process.exit(0)
