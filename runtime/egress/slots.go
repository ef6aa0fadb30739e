package egress

import (
	"context"
	"sync"
)

// slots bounds how many requests are under way, at all and at one host, so that a slow host cannot take
// every slot.
type slots struct {
	all     chan struct{}
	perHost int

	mu    sync.Mutex
	hosts map[string]*hostSlots
}

type hostSlots struct {
	taken chan struct{}
	users int // waiting or holding; the entry goes with the last one
}

func newSlots(all, perHost int) *slots {
	return &slots{all: make(chan struct{}, all), perHost: perHost, hosts: map[string]*hostSlots{}}
}

// take waits for a slot until ctx ends. The function gives it back and must be called once.
func (s *slots) take(ctx context.Context, host string) (release func(), err error) {
	h := s.enter(host)
	select {
	case h.taken <- struct{}{}:
	case <-ctx.Done():
		s.leave(host)
		return nil, ctx.Err()
	}
	select {
	case s.all <- struct{}{}:
	case <-ctx.Done():
		<-h.taken
		s.leave(host)
		return nil, ctx.Err()
	}
	return func() {
		<-s.all
		<-h.taken
		s.leave(host)
	}, nil
}

func (s *slots) enter(host string) *hostSlots {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[host]
	if h == nil {
		h = &hostSlots{taken: make(chan struct{}, s.perHost)}
		s.hosts[host] = h
	}
	h.users++
	return h
}

func (s *slots) leave(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[host]
	if h.users--; h.users == 0 {
		delete(s.hosts, host)
	}
}
