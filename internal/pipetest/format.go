package pipetest

// Suffix ends the name of a test file.
const Suffix = ".test.yaml"

// Kind is what a value of a test file may be.
type Kind string

// The kinds. In those marked with a star texts may hold expressions.
const (
	KindAny      Kind = "any" // *
	KindExpected Kind = "expected"
	KindText     Kind = "text"
	KindNumber   Kind = "number"
	KindBoolean  Kind = "boolean"
	KindTime     Kind = "time"     // RFC 3339
	KindDuration Kind = "duration" // 500ms, or milliseconds
	KindTexts    Kind = "texts"    // a text, or a list of texts
	KindMap      Kind = "map"      // of Fields; of any names where it has none (*)
	KindList     Kind = "list"     // of Item
	KindCheck    Kind = "condition"
)

// Field describes one value of a test file.
type Field struct {
	Name     string
	Kind     Kind
	Required bool
	Enum     []string
	Short    string // field that a text stands for, in place of the map
	Summary  string
	Fields   []Field // of a map
	Item     *Field  // of a list
}

func (f *Field) field(name string) *Field {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			return &f.Fields[i]
		}
	}
	return nil
}

func (f *Field) names() []string {
	names := make([]string, len(f.Fields))
	for i := range f.Fields {
		names[i] = f.Fields[i].Name
	}
	return names
}

// Format describes test files: everything that one may say. Readers, schemas and documentation are made from
// it.
func Format() Field {
	return Field{Kind: KindMap, Fields: []Field{
		{Name: "pipeline", Kind: KindText, Summary: "The pipeline file; default is the one of the same name beside the test file."},
		{Name: "allow", Kind: KindTexts, Summary: "Commands that may act on the outside without a mock."},
		{Name: "given", Kind: KindMap, Fields: givenFields(), Summary: "What all cases begin with, unless they say otherwise."},
		{Name: "mocks", Kind: KindList, Item: mockField(), Summary: "Mocks for all cases; those of a case are asked first."},
		{Name: "cases", Kind: KindList, Required: true, Item: caseField(), Summary: "The cases."},
	}}
}

func caseField() *Field {
	return &Field{Kind: KindMap, Fields: []Field{
		{Name: "name", Kind: KindText, Required: true, Summary: "What the case shows; once in a file."},
		{Name: "skip", Kind: KindText, Summary: "Why the case is not run."},
		{Name: "given", Kind: KindMap, Fields: givenFields(), Summary: "What the run begins with."},
		{Name: "mocks", Kind: KindList, Item: mockField(), Summary: "What stands in for commands."},
		{Name: "expect", Kind: KindMap, Required: true, Fields: expectFields(), Summary: "What the run must do."},
	}}
}

func givenFields() []Field {
	return []Field{
		{Name: "event", Kind: KindMap, Short: "key", Summary: "The event that starts the run; a text is its key.", Fields: []Field{
			{Name: "key", Kind: KindText, Summary: "Its key; default is what the pipeline listens to."},
			{Name: "payload", Kind: KindAny, Summary: "Its payload."},
			{Name: "headers", Kind: KindMap, Summary: "Its headers, each a text."},
			{Name: "id", Kind: KindText, Summary: "Its id."},
			{Name: "namespace", Kind: KindText, Summary: "Its namespace."},
			{Name: "time", Kind: KindTime, Summary: "When it was accepted; default is now."},
			{Name: "traceId", Kind: KindText, Summary: "Its trace id; default is its id."},
			{Name: "correlationId", Kind: KindText, Summary: "Its correlation id; default is its id."},
			{Name: "hops", Kind: KindNumber, Summary: "How many events led to it."},
			{Name: "message", Kind: KindBoolean, Summary: "It is a message that is no event; default is what the pipeline receives."},
		}},
		{Name: "request", Kind: KindMap, Summary: "An HTTP request that goes through the door of the server, which makes the event of it.", Fields: []Field{
			{Name: "webhook", Kind: KindText, Summary: "A declared webhook: the name of its file without .webhook.yaml."},
			{Name: "preset", Kind: KindText, Summary: "In place of it: the preset by which the request is proven."},
			{Name: "eventKey", Kind: KindText, Summary: "Key of the event; default is that of the webhook, else what the pipeline listens to."},
			{Name: "payloadType", Kind: KindText, Enum: []string{"base64", "raw", "ignore"}, Summary: "How the body becomes the payload; default base64."},
			{Name: "secret", Kind: KindText, Summary: "With which the sender signs; default is one made for the case."},
			{Name: "signedWith", Kind: KindText, Summary: "Another secret with which the request is signed: a forgery."},
			{Name: "unsigned", Kind: KindBoolean, Summary: "The request is sent without a signature."},
			{Name: "options", Kind: KindMap, Summary: "Options of the preset, such as header."},
			{Name: "event", Kind: KindText, Summary: "Name of the event in the sender's words, such as push."},
			{Name: "id", Kind: KindText, Summary: "Delivery id."},
			{Name: "method", Kind: KindText, Summary: "Default POST."},
			{Name: "headers", Kind: KindMap, Summary: "Further header fields."},
			{Name: "body", Kind: KindAny, Summary: "The body: a text as it is, anything else as JSON."},
		}},
		{Name: "body", Kind: KindAny, Summary: "The first body; default is the event, or the file's own section."},
		{Name: "vars", Kind: KindMap, Summary: "Variables on top of the file's own ones."},
		{Name: "headers", Kind: KindMap, Summary: "Headers of the event."},
		{Name: "as", Kind: KindText, Summary: "Identity at the beginning; default anonymousUser."},
		{Name: "now", Kind: KindTime, Summary: "What the clock shows at the beginning; waits move it. Default 2026-01-31T12:00:00Z."},
		{Name: "properties", Kind: KindMap, Summary: "What @property finds, by path."},
		{Name: "attempts", Kind: KindNumber, Summary: "How often a run that fails in a way that may pass is attempted; default 1."},
	}
}

func mockField() *Field {
	return &Field{Kind: KindMap, Fields: []Field{
		{Name: "command", Kind: KindText, Summary: "The command that it stands in for."},
		{Name: "id", Kind: KindText, Summary: "Or the id of the step."},
		{Name: "when", Kind: KindCheck, Summary: "A condition on args, body, vars, attempt and identity; default always."},
		{Name: "body", Kind: KindAny, Summary: "What becomes the result."},
		{Name: "vars", Kind: KindMap, Summary: "Variables that it sets."},
		{Name: "fail", Kind: KindMap, Short: "code", Summary: "A failure in place of a result; a text is its code.", Fields: []Field{
			{Name: "code", Kind: KindText, Required: true, Summary: "The code, such as mail.relay_unavailable."},
			{Name: "message", Kind: KindText, Summary: "What it says."},
			{Name: "retryable", Kind: KindBoolean, Summary: "It may pass."},
			{Name: "retryAfter", Kind: KindDuration, Summary: "When the other side wants to be asked again."},
			{Name: "times", Kind: KindNumber, Summary: "How often it fails; then the next mock or the command itself answers."},
		}},
		{Name: "times", Kind: KindNumber, Summary: "How often it answers; then the next mock or the command itself does."},
	}}
}

func expectFields() []Field {
	return []Field{
		{Name: "status", Kind: KindText, Enum: statuses(), Summary: "How the run ended. failed is one that a server would attempt again."},
		{Name: "body", Kind: KindExpected, Summary: "The final body."},
		{Name: "vars", Kind: KindExpected, Summary: "Final variables; those that are not named are not compared."},
		{Name: "error", Kind: KindMap, Short: "code", Summary: "How it failed; a text is the code.", Fields: []Field{
			{Name: "code", Kind: KindExpected, Summary: "The code."},
			{Name: "message", Kind: KindExpected, Summary: "A part of what it says."},
			{Name: "step", Kind: KindExpected, Summary: "Id or command of the step."},
			{Name: "retryable", Kind: KindBoolean, Summary: "It may pass."},
		}},
		{Name: "steps", Kind: KindExpected, Summary: "Ids, or else commands, of the steps that were executed, in their order. Blocks count when they have an id."},
		{Name: "skipped", Kind: KindExpected, Summary: "Ids, or else commands, of the steps whose condition did not hold."},
		{Name: "calls", Kind: KindList, Summary: "What commands were given. There may be further calls.", Item: &Field{Kind: KindMap, Fields: []Field{
			{Name: "command", Kind: KindText, Summary: "The command."},
			{Name: "id", Kind: KindText, Summary: "Or the id of the step."},
			{Name: "args", Kind: KindExpected, Summary: "Its parameters; those that are not named are not compared."},
			{Name: "body", Kind: KindExpected, Summary: "The body that it was given."},
			{Name: "times", Kind: KindNumber, Summary: "How many such calls there were; default at least one. 0 is none."},
		}}},
		{Name: "mails", Kind: KindList, Summary: "The mails that would have left, all of them in their order.", Item: &Field{Kind: KindMap, Fields: []Field{
			{Name: "from", Kind: KindExpected, Summary: "The sender."},
			{Name: "to", Kind: KindExpected, Summary: "The recipients: a text for one, else a list."},
			{Name: "subject", Kind: KindExpected, Summary: "The subject."},
			{Name: "text", Kind: KindExpected, Summary: "The text."},
			{Name: "html", Kind: KindExpected, Summary: "The HTML text."},
			{Name: "headers", Kind: KindExpected, Summary: "Header fields; those that are not named are not compared."},
			{Name: "attachments", Kind: KindExpected, Summary: "Names of the attachments."},
		}}},
		{Name: "events", Kind: KindList, Summary: "The events that were sent, all of them in their order.", Item: &Field{Kind: KindMap, Short: "key", Fields: []Field{
			{Name: "key", Kind: KindExpected, Summary: "The key."},
			{Name: "payload", Kind: KindExpected, Summary: "The payload."},
			{Name: "message", Kind: KindExpected, Summary: "True for a message that is no event."},
			{Name: "traceId", Kind: KindExpected, Summary: "The trace id."},
			{Name: "correlationId", Kind: KindExpected, Summary: "The correlation id."},
			{Name: "hops", Kind: KindExpected, Summary: "How many events led to it."},
		}}},
		{Name: "log", Kind: KindExpected, Summary: "Texts that lines of the log hold, in this order; further lines may stand between them."},
		{Name: "result", Kind: KindExpected, Summary: "The first result that was completed."},
		{Name: "response", Kind: KindMap, Short: "", Summary: "What the door answered to the request.", Fields: []Field{
			{Name: "status", Kind: KindExpected, Summary: "The HTTP status."},
			{Name: "body", Kind: KindExpected, Summary: "The body: a value when it is JSON, else a text."},
			{Name: "headers", Kind: KindExpected, Summary: "Header fields; those that are not named are not compared."},
		}},
		{Name: "refused", Kind: KindExpected, Summary: "Why the door refused the request: a stable word such as signature.mismatch. Then nothing runs."},
		{Name: "took", Kind: KindExpected, Summary: "How long the run took by its own clock, as a text such as 5s."},
	}
}

// The ends of a run.
const (
	statusDone    = "done"
	statusFailed  = "failed"
	statusDead    = "dead"
	statusSkipped = "skipped"
	statusRefused = "refused"
)

func statuses() []string {
	return []string{statusDone, statusFailed, statusDead, statusSkipped, statusRefused}
}
