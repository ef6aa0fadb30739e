// Package webhooks reads the files that declare webhooks: one *.webhook.yaml each, with the settings that the
// command webhook.put takes, under the same names. The server keeps a webhook for every file, and lint and
// doctor check them.
//
// A file is read strictly: an unknown or repeated name, a wrong type, an anchor or a second document is a
// fault with file:line:column. What the settings mean together is judged by whoever keeps the webhooks; the
// places of the settings come with them, so that those faults have a position, too.
package webhooks
