package front

// Reasons gives every reason for which the front refuses a request.
func Reasons() []string {
	return []string{
		"http.method", "http.version", "http.target", "http.line_end", "http.route", "http.malformed", "http.timeout",
		"header.folded", "header.name", "header.value", "header.many", "header.host", "header.content_length",
		"header.transfer_encoding", "header.content_type", "header.framing", "header.large", "body.large", "internal",
	}
}
