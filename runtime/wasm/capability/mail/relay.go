package mail

import (
	"context"
	"errors"
	"sync"
	"time"
)

var errClosed = errors.New("the capability is closed")

// relay hands messages to the SMTP server and keeps its connections for reuse.
type relay struct {
	options Options
	slots   chan struct{} // one for each connection that may be in use

	mu     sync.Mutex
	idle   []idleSession // oldest first
	closed bool
}

type idleSession struct {
	*session
	since time.Time
}

func newRelay(o Options) *relay {
	return &relay{options: o, slots: make(chan struct{}, o.Connections)}
}

// submit sends one message in one transaction: all recipients or none. When the connection breaks after
// the whole message was sent, nobody knows whether the relay took it; the error is retryable.
func (r *relay) submit(ctx context.Context, from string, recipients []string, message []byte) error {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return unavailable(ctx, ctx.Err(), "waiting for a connection to the relay")
	}
	s, err := r.checkout(ctx)
	if err != nil {
		return err
	}
	err = s.send(ctx, from, recipients, message)
	if s.reusable(ctx, err) {
		r.putBack(s)
	} else {
		s.close()
	}
	if err != nil {
		return failed(ctx, err)
	}
	return nil
}

// checkout gives an idle connection that answers, else a new one.
func (r *relay) checkout(ctx context.Context) (*session, error) {
	for {
		s, err := r.takeIdle()
		if err != nil {
			return nil, unavailable(ctx, err, "connecting to the relay")
		}
		if s == nil {
			return connect(ctx, &r.options)
		}
		if s.alive(ctx) {
			return s, nil
		}
		s.close()
	}
}

func (r *relay) takeIdle() (*session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	oldest := r.options.Now().Add(-r.options.IdleTimeout)
	for len(r.idle) > 0 && r.idle[0].since.Before(oldest) {
		r.idle[0].close()
		r.idle = r.idle[1:]
	}
	last := len(r.idle) - 1
	if last < 0 {
		return nil, nil
	}
	s := r.idle[last].session
	r.idle = r.idle[:last]
	return s, nil
}

func (r *relay) putBack(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		s.close()
		return
	}
	r.idle = append(r.idle, idleSession{s, r.options.Now()})
}

func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, s := range r.idle {
		s.close()
	}
	r.idle = nil
}
