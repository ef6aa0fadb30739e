package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/run"
)

// longestWait bounds how long a request for news is held.
const longestWait = 20 * time.Second

// updates answers with what happened to runs after the update ?after=, as soon as there is something that the filters
// let through, or after ?wait= (at most 20 s) with nothing. Without ?after= it gives the number to begin with. The store is
// not asked.
func (s *Server) updates(ctx *fasthttp.RequestCtx) {
	params, err := query(ctx, "after", "wait", "event", "pipeline", "eventKey", "status", "code")
	if err != nil {
		s.fail(ctx, err)
		return
	}
	after, wait := int64(-1), longestWait
	if text := params["after"]; text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			s.fail(ctx, fault.New(fault.CommandType, "after is the number of an update").In("after"))
			return
		}
	}
	if text := params["wait"]; text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > longestWait {
			s.fail(ctx, fault.New(fault.CommandType, "wait is a duration up to %s", longestWait).In("wait"))
			return
		}
	}
	until, cancel := context.WithTimeout(s.open, wait)
	defer cancel()
	out := []shownUpdate{}
	missed := false
	for begun := false; !begun || len(out) == 0 && !missed && until.Err() == nil; begun = true {
		var news []run.Update
		began := after < 0
		news, after, missed = s.deps.Operator.Updates(until, after)
		for _, n := range news {
			if wanted(&n.Run, params) {
				out = append(out, shownUpdate{n.Number, n.Time, n.Step, n.Run})
			}
		}
		if began {
			break
		}
	}
	s.showClean(ctx, struct {
		Updates []shownUpdate `json:"updates"`
		Next    int64         `json:"next"`
		Missed  bool          `json:"missed,omitempty"`
	}{out, after, missed})
}

type shownUpdate struct {
	Number int64     `json:"number"`
	Time   time.Time `json:"time"`
	Step   string    `json:"step,omitempty"`
	Run    run.Run   `json:"run"`
}

func wanted(r *run.Run, params map[string]string) bool {
	for name, have := range map[string]string{"event": r.EventID, "pipeline": r.Pipeline, "eventKey": r.EventKey, "code": r.Code} {
		if want := params[name]; want != "" && want != have {
			return false
		}
	}
	status := params["status"]
	return status == "" || slices.Contains(strings.Split(status, ","), string(r.Status))
}
