package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/penstock/penstock/runtime/broker"
	brokers "github.com/penstock/penstock/runtime/broker/all"
	"github.com/penstock/penstock/runtime/fault"
	"github.com/penstock/penstock/runtime/pipeline/lint"
)

// CheckStatus is how a check of Doctor ended.
type CheckStatus string

// The ways a check ends.
const (
	CheckOK   CheckStatus = "ok"
	CheckWarn CheckStatus = "warn"
	CheckFail CheckStatus = "fail"
)

// Check is one line of `pi doctor`.
type Check struct {
	Name   string      `json:"name"`
	Status CheckStatus `json:"status"`
	Detail string      `json:"detail"`
	Fix    string      `json:"fix,omitempty"`
}

// Doctor looks at everything a server needs, without starting one. It writes and removes one file in the
// data directory, and opens one connection to the mail relay and to the admin API.
func Doctor(ctx context.Context, p Params) []Check {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	checks := []Check{{Name: "configuration", Status: CheckOK, Detail: "every setting is known and in its range"}}
	checks = append(checks, checkData(p)...)
	checks = append(checks, checkBroker(p), checkSMTP(ctx, p))
	checks = append(checks, checkTools(ctx, p)...)
	return append(checks, checkAdmin(ctx, p))
}

func checkData(p Params) []Check {
	dir := p.Config.Store.Dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return []Check{{"data directory", CheckFail, reason(err), "choose a writable store.dir"}}
	}
	var fs unix.Statfs_t
	space := Check{Name: "disk space", Status: CheckOK}
	if err := unix.Statfs(dir, &fs); err != nil {
		space.Status, space.Detail = CheckWarn, reason(err)
	} else {
		free := int64(fs.Bavail) * fs.Bsize
		space.Detail = fmt.Sprintf("%d MiB free, %d MiB are the reserve", free>>20, int64(p.Config.Store.Reserve)>>20)
		if free < 2*int64(p.Config.Store.Reserve) {
			space.Status, space.Fix = CheckWarn, "free space: below the reserve no event is accepted"
		}
	}
	median, err := syncTime(dir, p.Now)
	if err != nil {
		return []Check{{"data directory", CheckFail, reason(err), "make store.dir writable for this user"}, space}
	}
	disk := Check{Name: "disk sync", Status: CheckOK, Detail: fmt.Sprintf("%.2f ms for a synced write of 1 KiB (median of 15)", float64(median.Microseconds())/1000)}
	if median > 20*time.Millisecond {
		disk.Status, disk.Fix = CheckWarn, "each accepted batch waits for one sync: a faster disk accepts more"
	}
	return []Check{{"data directory", CheckOK, dir + " is writable", ""}, space, disk}
}

// syncTime is the median time of a synced write.
func syncTime(dir string, now func() time.Time) (time.Duration, error) {
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var times []time.Duration
	for range 15 {
		begin := now()
		if _, err := f.Write(make([]byte, 1024)); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times = append(times, now().Sub(begin))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

func checkBroker(p Params) Check {
	b, err := brokers.Lookup(p.Config.Broker.Type)
	if err != nil {
		return Check{"broker", CheckFail, err.Error(), "set broker.type"}
	}
	return Check{"broker", CheckOK, b.Name + ": " + strings.Join(promises(b.Features), ", "), ""}
}

// promises words what a broker keeps and what it does not.
func promises(f broker.Features) []string {
	var out []string
	for _, p := range []struct {
		kept bool
		word string
	}{{f.Groups, "groups"}, {f.Ordered, "ordered"}, {f.Persistent, "persistent"}, {f.Synced, "synced"}, {f.Shared, "shared with other processes"}} {
		if p.kept {
			out = append(out, p.word)
		} else {
			out = append(out, "not "+p.word)
		}
	}
	return append(out, "accepted events are kept by the store")
}

func checkSMTP(ctx context.Context, p Params) Check {
	s := p.Config.SMTP
	if s.Host == "" {
		return Check{"mail relay", CheckWarn, "none is configured: mail.send fails", "set smtp.host when pipelines send mail"}
	}
	address := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return Check{"mail relay", CheckFail, address + " does not answer", "check smtp.host and smtp.port, and that the relay runs"}
	}
	_ = conn.Close()
	return Check{"mail relay", CheckOK, address + " answers", ""}
}

// checkTools opens plugins and pipelines as a server would.
func checkTools(ctx context.Context, p Params) []Check {
	tools, err := OpenTools(ctx, p)
	if err != nil {
		return []Check{{"plugins", CheckFail, err.Error(), fault.InfoOf(fault.CodeOf(err)).Fix}}
	}
	defer tools.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the check is over
	plugins := Check{"plugins", CheckOK, fmt.Sprintf("%d loaded", len(tools.plugins)), ""}
	for _, info := range tools.Plugins() {
		for _, right := range info.Rights {
			if right.Asked && !right.Effective {
				plugins.Status = CheckWarn
				plugins.Detail += fmt.Sprintf("; %s asks for %s and is not granted it", info.Name, right.Capability)
				plugins.Fix = "grant it under plugins.grants, or take the plugin out"
			}
		}
	}
	declared := checkDeclared(tools, p.Config.Webhooks.Dir)
	dir := p.Config.Pipelines.Dir
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return append([]Check{plugins, {"pipelines", CheckWarn, dir + " does not exist", "make it, or set pipelines.dir"}}, declared...)
	}
	pipelines := checkFolder(tools, "pipelines", dir, func(l Linted) int { return l.Pipelines })
	return append([]Check{plugins, pipelines}, declared...)
}

// checkFolder lints a folder.
func checkFolder(tools *Tools, name, dir string, sound func(Linted) int) Check {
	linted, err := tools.Lint([]string{dir})
	if err == nil {
		err = linted.Err()
	}
	if err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		return Check{name, CheckFail, first, "see `pi lint " + filepath.ToSlash(dir) + "` for all faults"}
	}
	c := Check{name, CheckOK, fmt.Sprintf("%d sound", sound(linted)), ""}
	if n := linted.Count(lint.Warning); n > 0 {
		c.Status, c.Fix = CheckWarn, "see `pi lint "+filepath.ToSlash(dir)+"`"
		c.Detail += fmt.Sprintf(", %d warnings", n)
	}
	return c
}

// checkDeclared lints the declared webhooks; most servers have none.
func checkDeclared(tools *Tools, dir string) []Check {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return []Check{checkFolder(tools, "declared webhooks", dir, func(l Linted) int { return l.Webhooks })}
}

func checkAdmin(ctx context.Context, p Params) Check {
	url := p.Config.Admin.URL
	if url == "" {
		url = "http://" + p.Config.Admin.Address
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/v3/health", nil)
	if err != nil {
		return Check{"server", CheckWarn, "admin.url is not a URL", "set admin.url"}
	}
	client := http.Client{Timeout: 3 * time.Second}
	res, err := client.Do(req)
	if err != nil {
		return Check{"server", CheckWarn, "no server answers at " + url, "start it with `pi serve`"}
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return Check{"server", CheckFail, fmt.Sprintf("the server at %s is not healthy (%d)", url, res.StatusCode), "see its log"}
	}
	return Check{"server", CheckOK, "answers at " + url, ""}
}

// reason is the innermost text of a file error, without its path.
func reason(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Op + " " + pe.Path + ": " + pe.Err.Error()
	}
	return err.Error()
}
