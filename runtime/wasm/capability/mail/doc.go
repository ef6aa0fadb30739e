// Package mail is the capability that lets a plugin send mail through the relay of the configuration.
//
// The guest composes a whole message and asks mail.submit to hand it over; mail.defaults tells it the
// configured sender. The guest is not trusted: envelope and header are checked again here, against the
// grant of its plugin, and the message is brought into a form that no SMTP server can read as more than
// one. The relay's address, name and password never reach a guest, and neither addresses nor contents
// reach an error or a log line.
//
// The program makes one [Mail] for all plugins; their submissions share its connections.
package mail
