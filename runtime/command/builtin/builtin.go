package builtin

import (
	"cmp"
	"context"
	"time"

	"github.com/penstock/penstock/runtime/command"
	"github.com/penstock/penstock/runtime/egress"
	"github.com/penstock/penstock/runtime/event"
	"github.com/penstock/penstock/runtime/expr"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
	"github.com/penstock/penstock/runtime/store"
	"github.com/penstock/penstock/runtime/webhook"
)

// Deps is what the commands work with. A command whose part is nil fails with a fault that says so; Now is
// required.
type Deps struct {
	// Emit accepts an event; it returns after the event is safe.
	Emit     func(ctx context.Context, e event.Event) (event.Accepted, error)
	Results  Results
	Webhooks Webhooks
	// Properties keeps what property.put and its like are given, within Namespace.
	Properties store.Properties
	Namespace  string
	// Outbound asks other servers, as far as the rules of the server allow.
	Outbound Asker
	Secrets  Secrets
	Jobs     Jobs
	// Pipelines keeps what pipeline.put and its like are given.
	Pipelines Pipelines
	// Language evaluates the expressions that commands such as data.mapping are given as parameters.
	Language *expr.Language
	Now      func() time.Time

	MessagePrefix string // in front of an event's key in the key of its message; empty = pipeforce.event.
	MaxHops       int    // how often an event may lead to another one; 0 = event.MaxHops
}

func (d *Deps) prefix() string { return cmp.Or(d.MessagePrefix, "pipeforce.event.") }

func (d *Deps) hops() int { return cmp.Or(d.MaxHops, event.MaxHops) }

// Jobs are the pipelines that start at certain times. An unknown name is a fault with fault.JobUnknown.
type Jobs interface {
	// Jobs lists all, by name.
	Jobs(ctx context.Context) ([]run.Job, error)
	// RunJob starts one now, beside its schedule, and gives the id of its event, which follows from cause.
	RunJob(ctx context.Context, name string, cause event.Event) (eventID string, err error)
}

// Asker asks other servers; *egress.Client is one.
type Asker interface {
	Do(ctx context.Context, r egress.Request) (egress.Response, error)
	// Origin gives scheme, host and port of a URL, in the one form in which they are compared.
	Origin(url string) (string, error)
}

// Secrets gives commands what they may show to other servers.
type Secrets interface {
	// Secret gives the secret of that name as a field of a request, if the identity may show it to the
	// origin. Errors have fault.SecretUnknown or fault.SecretDenied.
	Secret(name, identity, origin string) (Credential, error)
}

// Credential is a secret on its way into one request.
type Credential struct {
	Field, Value string
	Hide         func(text string) string // takes the secret out of a text, in every form in which it may come back
}

// Pipelines keeps the texts of pipelines. A where is a path with slashes or a name with dots. Faults carry
// fault.PipelineUnknown, fault.PipelineChanged, fault.PipelineUsed, or the codes of what is wrong with a text.
type Pipelines interface {
	// PutPipeline checks and stores a text, and returns when it is in force. match is the version that has to be there
	// before: empty asks for none, * for any, - for no pipeline.
	PutPipeline(ctx context.Context, identity, where string, text []byte, isJSON bool, match string) (stored StoredPipeline, created bool, err error)
	GetPipeline(where string) (StoredPipeline, error)
	// Pipelines lists all, by name.
	Pipelines() ([]StoredPipeline, error)
	// DeletePipeline removes one; with force also one that others run.
	DeletePipeline(ctx context.Context, identity, where, match string, force bool) error
}

// StoredPipeline is the text of a pipeline as it is kept.
type StoredPipeline struct {
	Name, Version string
	Text          []byte
}

// Results keeps what callers may poll for.
type Results interface {
	// CompleteResult keeps value (JSON text) under the correlation id. The first caller wins: a
	// later one changes nothing and gets false.
	CompleteResult(ctx context.Context, correlationID string, value []byte, at time.Time) (first bool, err error)
}

// Webhooks keeps the settings of inbound URLs. A ref is the id of a webhook or one of its live tokens; an
// unknown one is a fault with fault.WebhookUnknown where a change needs it.
type Webhooks interface {
	// Put checks and stores w as a new webhook and gives it as stored, with its token, which cannot be
	// had later. An empty token asks for a random one, empty settings for their defaults.
	Put(ctx context.Context, w webhook.Webhook, token string) (stored webhook.Webhook, issued string, err error)
	// Change applies a function to the settings of a webhook and checks and stores the outcome.
	Change(ctx context.Context, ref string, change func(*webhook.Webhook) error) (webhook.Webhook, error)
	// Rotate makes a new token; the one before lives on for grace.
	Rotate(ctx context.Context, ref string, grace time.Duration) (stored webhook.Webhook, issued string, err error)
	Enable(ctx context.Context, ref string, on bool) (webhook.Webhook, error)
	Get(ref string) (webhook.Webhook, bool)
	List() []webhook.Webhook
	// Delete removes a webhook; an unknown ref is no error.
	Delete(ctx context.Context, ref string) error
	// Sample makes a request as the sender would, for trying the webhook out. A nil body asks for the sample of
	// the event.
	Sample(ctx context.Context, ref, event string, body []byte) (webhook.Sample, error)
	// URL is the address for senders, without the token where that is empty.
	URL(token string) string
}

// All is the list of built-in commands.
func All(d Deps) []command.Definition {
	kept := newCache(d.Now)
	return []command.Definition{
		bodyDelete(),
		bodyPeek(),
		bodyPop(),
		bodyPush(),
		bodySet(),
		cacheGet(kept),
		cacheHas(kept),
		cachePut(kept),
		dataEnrich(d),
		dataListFilter(d),
		dataListIterate(d),
		dataListLimit(),
		dataMapping(d),
		datetime(d),
		eventSend(d),
		exit(),
		httpDelete(d),
		httpGet(d),
		httpPatch(d),
		httpPost(d),
		httpPut(d),
		httpResponseSet(),
		iamRunAs(),
		jobList(d),
		jobRun(d),
		jobStatus(d),
		jsonValidate(),
		log(),
		messageAck(),
		messageDrop(),
		messageNack(),
		messageSend(d),
		pipelineDelete(d),
		pipelineGet(d),
		pipelinePut(d),
		propertyCopy(d),
		propertyDelete(d),
		propertyExists(d),
		propertyGet(d),
		propertyList(d),
		propertyMove(d),
		propertyPut(d),
		propertySchemaPut(d),
		propertyValueGet(d),
		resultComplete(d),
		set(),
		transformJSONXML(d),
		varSet(),
		vars(),
		webhookDelete(d),
		webhookEnable(d, true),
		webhookEnable(d, false),
		webhookGet(d),
		webhookPut(d),
		webhookRotate(d),
		webhookSample(d),
	}
}

// missing is the fault of a command whose part of the system is not there.
func missing(part string) error {
	return fault.New(fault.CommandFailed, "there is no %s here", part).WithHint("run the pipeline on a server")
}
