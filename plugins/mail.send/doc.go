// Command mail.send is the plugin with the command mail.send: it composes a mail from parameters that may
// come from strangers and asks the host's mail capability to hand it over. Nothing of a parameter becomes
// structure of the message: what could is refused with mail.invalid and the parameter's name, the rest is
// encoded. The host checks sender and recipients against the operator's grant.
package main
