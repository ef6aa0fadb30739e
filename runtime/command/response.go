package command

import (
	"maps"
	"strings"
	"sync"
)

// Response is what a run says about the answer to the HTTP request that it belongs to. The zero value says nothing.
// It may be used from many goroutines.
type Response struct {
	mu     sync.Mutex
	status int
	header map[string]string
}

// Set changes the status, when it is not 0, and the named fields of the header; an empty value takes one out.
func (r *Response) Set(status int, header map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if status != 0 {
		r.status = status
	}
	for name, v := range header {
		if r.header == nil {
			r.header = map[string]string{}
		}
		if r.header[strings.ToLower(name)] = v; v == "" {
			delete(r.header, strings.ToLower(name))
		}
	}
}

// Get gives the status, 0 when none was set, and the header with its names in lower case.
func (r *Response) Get() (status int, header map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status, maps.Clone(r.header)
}
