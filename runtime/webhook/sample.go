package webhook

// Sample is a request that tries a webhook out.
type Sample struct {
	Method string
	URL    string // opens the webhook for a short time only
	Header [][2]string
	Body   []byte
	Event  string // the sender's own event name; empty = it has none
}
