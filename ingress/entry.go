package ingress

import (
	"cmp"
	"strings"
	"time"

	"github.com/penstock/penstock/ingress/internal/limit"
	"github.com/penstock/penstock/ingress/verify"
	"github.com/penstock/penstock/ingress/verify/netlist"
	"github.com/penstock/penstock/runtime/schema"
	"github.com/penstock/penstock/runtime/webhook"
)

// entry is a webhook in the form in which requests are judged by it. It never changes, but for what its
// limiter counts, and is shared by all tokens of the webhook.
type entry struct {
	webhook    webhook.Webhook
	declared   *declaration // nil = a command made it
	shut       bool         // refuses everything, because the settings could not be used
	verifier   *verify.Verifier
	material   digest        // of what the verifier was made of
	headers    []string      // that the preset names, in lower case; they become part of the event
	proofs     []string      // headers that carry secrets or signatures, in lower case; they never do
	parameters []string      // of the query that carry secrets or signatures
	addressed  bool          // the verifier reads the address of a request
	provider   string        // that the preset is for
	replay     time.Duration // how long a request passes with the same timestamp; 0 = the preset has none

	methods      []string       // in upper case; never empty
	contentTypes mediaTypes     // empty = any
	restricted   bool           // only callers in allow may come in
	allow        netlist.List   //
	proxies      netlist.List   // trusted in addition to the server's
	rate         *limit.Rate    // nil = no limit
	dedupe       dedupe         //
	schema       *schema.Schema // nil = none; webhook.Schema.Mode says what a misfit means
	response     *response      // nil = at once, as the reference does
}

// compile checks and completes the settings of a webhook and makes its entry. The entry before, of the
// same webhook, may be nil. Every problem is a fault with fault.WebhookInvalid that names the parameter.
func (d *Directory) compile(w webhook.Webhook, before *entry) (*entry, error) {
	w, err := checkBasics(w)
	if err != nil {
		return nil, err
	}
	e := &entry{}
	if w.Methods, err = checkMethods(w.Methods); err != nil {
		return nil, err
	}
	if e.methods = w.Methods; len(e.methods) == 0 {
		e.methods = []string{"GET", "POST"}
	}
	if w.ContentTypes, e.contentTypes, err = checkMediaTypes(w.ContentTypes); err != nil {
		return nil, err
	}
	addresses, _ := d.allowed(w)
	if e.allow, err = d.addresses("allow", addresses); err != nil {
		return nil, err
	}
	e.restricted = len(addresses) > 0
	if e.proxies, err = d.proxies(w.TrustedProxies); err != nil {
		return nil, err
	}
	if err := checkRate(w.Rate); err != nil {
		return nil, err
	}
	e.rate = rateOf(w.Rate, before)
	if e.dedupe, err = d.dedupe(w.Dedupe); err != nil {
		return nil, err
	}
	if w.Schema, e.schema, err = checkSchema(w.Schema); err != nil {
		return nil, err
	}
	if e.response, err = d.response(w.Response); err != nil {
		return nil, err
	}
	v, m, sum, err := d.material(w)
	if err != nil {
		return nil, err
	}
	if e.verifier, err = d.presets.Compile(v, m); err != nil {
		return nil, err
	}
	e.webhook, e.material = w, sum
	d.nameFields(e)
	return e, nil
}

// shut gives an entry that refuses everything.
func shut(w webhook.Webhook) *entry {
	return &entry{webhook: w, shut: true, verifier: verify.Unready(), methods: methodNames()}
}

// nameFields notes the fields of a request that have a meaning for the preset.
func (d *Directory) nameFields(e *entry) {
	e.addressed = e.verifier.Addressed()
	e.proofs, e.parameters = e.verifier.Proofs()
	for _, name := range []string{"header", "parameter"} { // of presets that leave it to the webhook
		if text := e.webhook.Verify.Options.First(name); text != "" {
			e.proofs, e.parameters = append(e.proofs, strings.ToLower(text)), append(e.parameters, text)
		}
	}
	info, ok := d.presets.Info(e.webhook.Verify.Preset)
	if !ok {
		return
	}
	e.provider = providerOf(info.Name)
	if info.Timestamped {
		e.replay = 2 * cmp.Or(time.Duration(e.webhook.Verify.Tolerance)*time.Second, info.Tolerance)
	}
	for _, name := range []string{info.Event, info.Delivery} {
		if name != "" {
			e.headers = append(e.headers, strings.ToLower(name))
		}
	}
}
