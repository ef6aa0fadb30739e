package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock/penstock/internal/testkit/smtpsink"
)

const posters = 32

var loadSubject = regexp.MustCompile(`(?m)^Subject: load (\d+)\r?$`)

// crash posts numbered events, kills the server with -9 in the middle, starts it again, and accounts
// for every acknowledged one: each must have led to its mail and to a finished run.
func crash(ctx context.Context, s *server, mails *smtpsink.Sink, posts int) error {
	out, err := s.run(ctx, "command", "webhook.put", "eventKey=webhook.demo.load", "payloadType=raw")
	if err != nil {
		return err
	}
	token, err := field(out, "uuid")
	if err != nil {
		return err
	}
	say("\n%d posts from %d callers; kill -9 in the middle, then the server starts again", posts, posters)
	url := s.address.Public + "/hooks/" + token
	s.keepAddresses()
	acknowledged := make([]atomic.Bool, posts)
	var next, refused, acks atomic.Int64
	killed := make(chan struct{})
	var killOnce sync.Once
	var callers sync.WaitGroup
	for range posters {
		callers.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= posts {
					return
				}
				if n == posts/2 {
					killOnce.Do(func() { close(killed) })
				}
				body := []byte(`{"n":` + strconv.Itoa(n) + `}`)
				got, err := send(ctx, http.MethodPost, url, body, map[string]string{"Content-Type": "application/json"})
				if err != nil || got.status != http.StatusOK {
					refused.Add(1)
					time.Sleep(10 * time.Millisecond)
					continue
				}
				acknowledged[n].Store(true)
				acks.Add(1)
			}
		})
	}
	select {
	case <-killed:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.kill(); err != nil {
		return err
	}
	say("  killed after %d acknowledged posts", acks.Load())
	begin := time.Now()
	if err := s.start(ctx); err != nil {
		return err
	}
	say("  started again in %d ms", time.Since(begin).Milliseconds())
	callers.Wait()
	say("  %d posts were acknowledged in all, %d met a dead server", acks.Load(), refused.Load())
	if err := s.settle(ctx); err != nil {
		return err
	}
	return account(acknowledged, int(acks.Load()), mails)
}

// settle waits until nothing is on its way.
func (s *server) settle(ctx context.Context) error {
	for {
		got, err := send(ctx, http.MethodGet, s.address.Admin+"/api/v3/status", nil, map[string]string{"Authorization": "Bearer " + s.address.Token})
		if err != nil {
			return err
		}
		var status struct {
			Unsettled *int `json:"unsettled"`
		}
		if err := json.Unmarshal(got.body, &status); err != nil || status.Unsettled == nil {
			return errors.Join(fmt.Errorf("the status has no count of unsettled events (%d)", got.status), err)
		}
		if *status.Unsettled == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events are still unsettled", *status.Unsettled)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func account(acknowledged []atomic.Bool, acks int, mails *smtpsink.Sink) error {
	times := map[int]int{}
	for _, m := range mails.Mails() {
		if found := loadSubject.FindSubmatch(m.Data); found != nil {
			n, err := strconv.Atoi(string(found[1]))
			if err != nil {
				return err
			}
			times[n]++
		}
	}
	lost, repeated, extra := 0, 0, 0
	for n := range acknowledged {
		switch {
		case acknowledged[n].Load() && times[n] == 0:
			lost++
		case times[n] > 1:
			repeated++
		case !acknowledged[n].Load() && times[n] > 0:
			extra++
		}
	}
	say("  acknowledged %d, processed %d, lost %d", acks, len(times), lost)
	say("  mails sent twice because the kill came between sending and recording: %d", repeated)
	say("  processed although the answer did not reach the caller: %d", extra)
	if lost != 0 {
		return fmt.Errorf("%d acknowledged events were lost", lost)
	}
	return nil
}
