package fault

// Code is a stable, dotted name for a kind of failure. Codes are never renamed or reused.
type Code string

// Kind groups codes by who can mend them; it decides the exit code of the CLI.
type Kind int

// The kinds, with the CLI's exit codes.
const (
	Runtime     Kind = 1 // something failed while running
	Input       Kind = 2 // what was given is wrong
	Environment Kind = 3 // disk, network, permissions, a missing part
)

// The codes. Each has its line in [Codes]; a test holds the two together.
const (
	Internal Code = "internal"

	ConfigUnknown Code = "config.unknown_key"
	ConfigType    Code = "config.type"
	ConfigValue   Code = "config.value"
	ConfigEnv     Code = "config.env_unset"
	ConfigRead    Code = "config.read"
	ConfigSyntax  Code = "config.syntax"

	CLIUsage       Code = "cli.usage"
	CLIUnreachable Code = "cli.unreachable"
	CLIDenied      Code = "cli.denied"

	EventInvalid  Code = "event.invalid"
	EventTooLarge Code = "event.too_large"
	EventHops     Code = "event.hops"
	EventParked   Code = "event.parked"

	ScheduleInvalid Code = "schedule.invalid"
	JobUnknown      Code = "job.unknown"

	MessageNacked  Code = "message.nacked"
	MessageDropped Code = "message.dropped"

	StoreUnavailable Code = "store.unavailable"
	StoreFull        Code = "store.full"
	StoreVersion     Code = "store.version"
	StoreLocked      Code = "store.locked"

	BrokerUnknown     Code = "broker.unknown"
	BrokerUnavailable Code = "broker.unavailable"

	ServerListen Code = "server.listen"

	WebhookUnknown    Code = "webhook.unknown"
	WebhookInvalid    Code = "webhook.invalid"
	WebhookDeclared   Code = "webhook.declared"
	WebhookUnverified Code = "webhook.unverified"
	WebhookTooLarge   Code = "webhook.too_large"
	WebhookMalformed  Code = "webhook.malformed"
	PresetInvalid     Code = "preset.invalid"

	ResultGone Code = "result.gone"

	RunUnknown Code = "run.unknown"
	RunFinal   Code = "run.final"
	RunReplay  Code = "run.replay"

	PipelineSyntax    Code = "pipeline.syntax"
	PipelineInvalid   Code = "pipeline.invalid"
	PipelineTrigger   Code = "pipeline.trigger"
	PipelineDuplicate Code = "pipeline.duplicate"
	PipelineRead      Code = "pipeline.read"

	PipelineUnsupported Code = "pipeline.unsupported"
	PipelineDeprecated  Code = "pipeline.deprecated"

	PipelineRaised   Code = "pipeline.error"
	PipelineAssert   Code = "pipeline.assert"
	PipelineLimit    Code = "pipeline.limit"
	PipelineUnknown  Code = "pipeline.unknown"
	PipelinePosition Code = "pipeline.position"
	PipelineChanged  Code = "pipeline.changed"
	PipelineUsed     Code = "pipeline.used"
	PipelineBusy     Code = "pipeline.busy"
	PipelineMock     Code = "pipeline.mock"

	TestSyntax   Code = "test.syntax"
	TestInvalid  Code = "test.invalid"
	TestFailed   Code = "test.failed"
	TestUnmocked Code = "test.unmocked"
	TestCoverage Code = "test.coverage"

	CommandUnknown  Code = "command.unknown"
	CommandParam    Code = "command.param"
	CommandMissing  Code = "command.missing_param"
	CommandType     Code = "command.type"
	CommandTimeout  Code = "command.timeout"
	CommandFailed   Code = "command.failed"
	CommandCanceled Code = "command.canceled"

	ExprSyntax Code = "expr.syntax"
	ExprEval   Code = "expr.eval"
	ExprLimit  Code = "expr.limit"
	ExprType   Code = "expr.type"

	ExprUnavailable Code = "expr.unavailable"

	IAMDenied  Code = "iam.denied"
	IAMUnknown Code = "iam.unknown"

	PluginInvalid  Code = "plugin.invalid"
	PluginABI      Code = "plugin.abi"
	PluginTooLarge Code = "plugin.too_large"
	PluginImport   Code = "plugin.import"
	PluginDenied   Code = "plugin.denied"
	PluginTrap     Code = "plugin.trap"
	PluginExit     Code = "plugin.exit"
	PluginTimeout  Code = "plugin.timeout"
	PluginMemory   Code = "plugin.memory"
	PluginStack    Code = "plugin.stack"
	PluginOutput   Code = "plugin.output"
	PluginCalls    Code = "plugin.calls"
	PluginProtocol Code = "plugin.protocol"
	PluginFailed   Code = "plugin.failed"
	PluginUnknown  Code = "plugin.unknown"

	MailInvalid   Code = "mail.invalid"
	MailRecipient Code = "mail.recipient_denied"
	MailSender    Code = "mail.sender_denied"
	MailRejected  Code = "mail.rejected"
	MailRelay     Code = "mail.relay_unavailable"
	MailConfig    Code = "mail.not_configured"

	EgressDenied  Code = "egress.denied"
	EgressFailed  Code = "egress.failed"
	EgressLarge   Code = "egress.large"
	EgressTimeout Code = "egress.timeout"

	HTTPRejected    Code = "http.rejected"
	HTTPLimited     Code = "http.limited"
	HTTPUnavailable Code = "http.unavailable"

	PropertyUnknown Code = "property.unknown"
	PropertyExists  Code = "property.exists"
	PropertyInvalid Code = "property.invalid"

	SecretUnknown Code = "secret.unknown"
	SecretDenied  Code = "secret.denied"

	DataInvalid Code = "data.invalid"
)

// Info is the reference line of a code.
type Info struct {
	Code    Code
	Kind    Kind
	Summary string // what happened
	Fix     string // what a person does about it
}

// Codes lists every code of the product, grouped by its first word. A plugin's own codes are not
// listed: they begin with the plugin's name.
func Codes() []Info {
	return []Info{
		{Internal, Runtime, "a fault of the program itself", "report it with the log line and the version"},

		{ConfigUnknown, Input, "a configuration key does not exist", "use the nearest known key that the message names, or see configs/default.yaml"},
		{ConfigType, Input, "a configuration value has the wrong type", "give the type that the message names"},
		{ConfigValue, Input, "a configuration value is outside its range", "choose a value inside the range that the message names"},
		{ConfigEnv, Input, "an environment variable named in the configuration is not set", "set it, or take the reference out"},
		{ConfigSyntax, Input, "the configuration file is not the YAML it should be", "mend the line that the message names"},
		{ConfigRead, Environment, "the configuration file cannot be read", "check path and permissions"},

		{CLIUsage, Input, "the command line is wrong", "see the command's --help"},
		{CLIUnreachable, Environment, "the server's admin API does not answer", "start `pi serve`, or set admin.url"},
		{CLIDenied, Input, "the admin API refused the token", "set PI_ADMIN__TOKEN to the server's token"},

		{EventInvalid, Input, "an event is malformed", "see the message for the field"},
		{EventTooLarge, Input, "an event is larger than the limit", "send less, or raise the limit"},
		{EventHops, Runtime, "events trigger each other in a circle", "break the circle between the pipelines"},
		{EventParked, Input, "an event was kept and no pipeline runs for it, because its webhook parks such ones", "look at the event; mend the sender or the webhook's schema"},

		{ScheduleInvalid, Input, "the schedule of a job cannot be read, or is never due", "write it as the message says"},
		{JobUnknown, Input, "no loaded pipeline with this name is a job", "list them with `pi jobs list`"},

		{MessageNacked, Runtime, "a pipeline gave its message back with message.nack", "it is delivered again; see the pipeline for the reason"},
		{MessageDropped, Runtime, "a pipeline ended its message with message.drop", "nothing, if it was meant: it is not delivered again"},

		{StoreUnavailable, Environment, "the store cannot write or read", "check the disk; after a failed sync restart the server"},
		{StoreFull, Environment, "the disk is full or below its reserve", "free space; accepting resumes by itself"},
		{StoreVersion, Environment, "the data file was written by a newer version", "use that version or a newer one"},
		{StoreLocked, Environment, "another process uses the data directory", "stop it, or choose another store.dir"},

		{BrokerUnknown, Input, "the configured broker does not exist", "choose one that `pi doctor` lists"},
		{BrokerUnavailable, Environment, "the broker does not answer", "check the broker; accepted events stay in the store"},

		{ServerListen, Environment, "a listener cannot be opened", "free the address or choose another one"},

		{WebhookUnknown, Input, "no webhook has this id or token", "list them with `pi command webhook.get`"},
		{WebhookInvalid, Input, "a webhook setting is wrong", "see the message for the parameter"},
		{WebhookDeclared, Input, "a command would change a webhook that a file declares", "change the file; the server reads it again by itself"},
		{WebhookUnverified, Input, "a request could not be proven", "see `pi webhook rejects` for the reason"},
		{WebhookTooLarge, Input, "a request is larger than the webhook allows", "send less, or raise maxPayloadLength"},
		{WebhookMalformed, Input, "a request is malformed", "see `pi webhook rejects` for the reason"},
		{PresetInvalid, Input, "a signature preset is wrong", "see the message for file and field"},

		{ResultGone, Input, "the result does not exist or is no longer kept", "poll sooner, or raise result.ttl"},

		{RunUnknown, Input, "no run has this name, or it is no longer kept", "list them with `pi runs` or `pi dlq list`"},
		{RunFinal, Input, "a run that is over was to be changed", "replay it: that makes a new event and a new run"},
		{RunReplay, Input, "a run cannot be replayed in this way", "do what the message names, or replay it from its start"},

		{PipelineSyntax, Input, "a pipeline file is not the YAML it should be", "mend the place that the message names"},
		{PipelineInvalid, Input, "a pipeline is not valid", "mend the place that the message names"},
		{PipelineTrigger, Input, "a trigger is misplaced or doubled", "put one trigger first in the pipeline"},
		{PipelineDuplicate, Input, "two files define the same pipeline", "rename one of them"},
		{PipelineRead, Environment, "a pipeline file cannot be read", "check path and permissions"},
		{PipelineUnsupported, Input, "a pipeline uses what this version does not support yet", "do without it, or use a version that has it"},
		{PipelineDeprecated, Input, "a pipeline uses an old form that still works", "write the form that the message names"},
		{PipelineRaised, Runtime, "a pipeline ended itself with the command error", "see the message, which its author wrote"},
		{PipelineAssert, Runtime, "an assertion of a pipeline does not hold", "see the message for the assertion; look at the values it compares"},
		{PipelineLimit, Runtime, "a run exceeded a limit of loops, steps or nested calls", "mend the loop, or raise the limit that the message names"},
		{PipelineUnknown, Input, "no pipeline has this name", "use the nearest known name, or load the pipeline"},
		{PipelineChanged, Input, "a pipeline was changed by somebody else meanwhile", "read it again, and put your change into what is there now"},
		{PipelineUsed, Input, "a pipeline cannot be deleted, because others run it", "change those first, or ask for the deletion with force"},
		{PipelineBusy, Environment, "too many callers wait for pipelines", "try again in a moment, or raise pipelines.max_callers"},
		{PipelinePosition, Runtime, "a kept run does not fit the pipeline it belongs to", "replay it from its start"},
		{PipelineMock, Input, "a pipeline sets up a mock, which does nothing on a server", "take mock.command out, or keep it for pi run and pi test only"},

		{TestSyntax, Input, "a test file is not the YAML it should be", "mend the place that the message names"},
		{TestInvalid, Input, "a test file says something that no test file can", "mend the place that the message names"},
		{TestFailed, Runtime, "a case of a pipeline's test failed", "compare what the message expected with what the pipeline did"},
		{TestUnmocked, Runtime, "a test called a command with an effect, and no mock stands in for it", "add it under mocks, or name it under allow"},
		{TestCoverage, Runtime, "the tests execute less of the pipelines than was asked for", "add cases for the steps and branches that the report names"},

		{CommandUnknown, Input, "no command has this name", "use the nearest known name, or see `pi lint --commands`"},
		{CommandParam, Input, "a command has no such parameter", "use the nearest known parameter"},
		{CommandMissing, Input, "a required parameter is missing", "give it"},
		{CommandType, Input, "a parameter has the wrong type or value", "give the type that the message names"},
		{CommandTimeout, Runtime, "a command took longer than its timeout", "raise timeout, or look at what it waits for"},
		{CommandFailed, Runtime, "a command failed", "see the message"},
		{CommandCanceled, Runtime, "a run was cancelled", "start it again if it is still wanted"},

		{ExprSyntax, Input, "an expression cannot be read", "mend it at the place that the message names"},
		{ExprEval, Runtime, "an expression failed while it was evaluated", "check the values it uses; ?. reads a missing field as null"},
		{ExprLimit, Runtime, "an expression exceeded a limit", "make it smaller, or split the work over several steps"},
		{ExprType, Input, "an expression gave a value of the wrong type", "convert it with @convert"},
		{ExprUnavailable, Input, "an expression asks for something that this program does not offer", "do without it, or run it where it is set up"},

		{IAMDenied, Input, "the identity may not do this", "grant the right to a role of the identity, or switch with iam.run.as"},
		{IAMUnknown, Input, "no such identity or role", "add it under iam in the configuration"},

		{PluginInvalid, Input, "a plugin file is not a valid module", "build it again with the SDK"},
		{PluginABI, Input, "a plugin speaks an ABI that this host does not", "build it with a matching SDK"},
		{PluginTooLarge, Input, "a plugin exceeds a size limit", "make the module smaller"},
		{PluginImport, Input, "a plugin imports what the host does not offer", "use only the imports of sdk/abi/ABI.md"},
		{PluginDenied, Runtime, "a plugin used a capability it was not granted", "grant it under plugins in the configuration"},
		{PluginTrap, Runtime, "a plugin crashed", "see its log lines; report it to its author"},
		{PluginExit, Runtime, "a plugin ended its process", "report it to its author"},
		{PluginTimeout, Runtime, "a plugin exceeded its time limit", "raise plugins.<name>.timeout, or look at what it waits for"},
		{PluginMemory, Runtime, "a plugin exceeded its memory limit", "raise plugins.<name>.memory, or give it less at once"},
		{PluginStack, Runtime, "a plugin exceeded its stack", "report it to its author"},
		{PluginOutput, Runtime, "a plugin returned more than its limit", "return less, or raise plugins.<name>.output"},
		{PluginCalls, Runtime, "a plugin made too many host calls", "report it to its author"},
		{PluginProtocol, Runtime, "a plugin broke the ABI", "report it to its author"},
		{PluginFailed, Runtime, "a plugin reported a failure without a code", "see the message"},
		{PluginUnknown, Input, "no plugin has this name", "see `pi plugin list`"},

		{MailInvalid, Input, "a mail is malformed", "see the message for the field"},
		{MailRecipient, Input, "the grant does not allow a recipient", "add the address or domain to the plugin's mail grant"},
		{MailSender, Input, "the grant does not allow the sender", "add the address to the plugin's mail grant"},
		{MailRejected, Runtime, "the relay refused the mail for good", "see the relay's reply"},
		{MailRelay, Environment, "the mail relay does not answer", "check smtp in the configuration"},
		{MailConfig, Input, "no mail relay is configured", "set smtp.host in the configuration"},

		{EgressDenied, Runtime, "an outgoing request may not go to this address", "if it is meant, allow the host or network under egress in the configuration"},
		{EgressFailed, Environment, "an outgoing request got no usable answer", "check the address and the network"},
		{EgressLarge, Runtime, "the answer to an outgoing request exceeds a limit", "ask for less"},
		{EgressTimeout, Environment, "an outgoing request took too long", "check the other side, or raise egress.timeout"},

		{HTTPRejected, Runtime, "another server refused a request (status 400 to 499)", "see the status in the message; mend the request, or handle it with except or ignoreErrorStatus"},
		{HTTPLimited, Runtime, "another server has enough requests for now (status 429)", "wait; with retry the step waits as long as the server asks for"},
		{HTTPUnavailable, Runtime, "another server failed (status 500 or more)", "wait, or ask who runs it; with retry the step is tried again"},

		{PropertyUnknown, Input, "there is no property at this path", "make it with property.schema.put, or mend the path"},
		{PropertyExists, Input, "there is a property at this path already", "take another path, or existStrategy update or skip"},
		{PropertyInvalid, Input, "a property has a malformed path or is too large", "see the message for the rule"},

		{SecretUnknown, Input, "no secret has this name", "define it under secrets in the configuration"},
		{SecretDenied, Runtime, "a secret may not be used here", "name identity and host under secrets in the configuration, if both may have it"},

		{DataInvalid, Input, "data does not have the form that was asked for", "see the message for the place and the rule"},
	}
}

// InfoOf gives the reference line of code; an unlisted code is a run-time fault without a text.
func InfoOf(code Code) Info {
	for _, i := range Codes() {
		if i.Code == code {
			return i
		}
	}
	return Info{Code: code, Kind: Runtime}
}
