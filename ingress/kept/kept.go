package kept

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Options bound what is kept. A zero limit is its default.
type Options struct {
	Files  int   // default 1,000
	Bytes  int64 // of all files together; default 64 MiB
	Logger *slog.Logger
}

// ErrUnknown is the error for a request that is not kept (any more).
var ErrUnknown = errors.New("the request is not kept")

// How many requests, and bytes of them, wait to be written at most; further ones are dropped.
const (
	waiting      = 64
	waitingBytes = 16 << 20
)

// extension ends the names of the files. They are what `pi webhook verify --request` reads.
const extension = ".http"

// Requests is a directory of requests. Its methods may be called from many goroutines.
type Requests struct {
	options Options
	root    *os.Root
	queue   chan request
	queued  atomic.Int64 // bytes in the queue

	mu    sync.Mutex
	files []file // the oldest first
	bytes int64
}

type request struct {
	name string
	text []byte
}

type file struct {
	name string
	size int64
}

// Open makes the directory where there is none, and takes over what it holds. Close it after Run ended.
func Open(dir string, o Options) (*Requests, error) {
	if o.Files <= 0 {
		o.Files = 1_000
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	k := &Requests{options: o, root: root, queue: make(chan request, waiting)}
	if err := k.list(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return k, nil
}

// list reads the directory, by age.
func (k *Requests) list() error {
	entries, err := fs.ReadDir(k.root.FS(), ".")
	if err != nil {
		return err
	}
	var infos []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), extension) {
			infos = append(infos, info)
		}
	}
	slices.SortStableFunc(infos, func(a, b fs.FileInfo) int { return cmp.Compare(a.ModTime().UnixNano(), b.ModTime().UnixNano()) })
	for _, info := range infos {
		k.files = append(k.files, file{info.Name(), info.Size()})
		k.bytes += info.Size()
	}
	return nil
}

// Add queues a request under its trace id, and returns at once. text is kept, so it must not be changed
// afterwards. Where too many wait, it is dropped and false given.
func (k *Requests) Add(traceID string, text []byte) bool {
	id, ok := nameOf(traceID)
	size := int64(len(text))
	if !ok || size > k.options.Bytes {
		return false
	}
	if k.queued.Add(size) <= waitingBytes {
		select {
		case k.queue <- request{id + extension, text}:
			return true
		default:
		}
	}
	k.queued.Add(-size)
	return false
}

// Run writes what is queued until ctx ends, and then what is left.
func (k *Requests) Run(ctx context.Context) {
	for {
		select {
		case r := <-k.queue:
			k.write(r)
		case <-ctx.Done():
			for {
				select {
				case r := <-k.queue:
					k.write(r)
				default:
					return
				}
			}
		}
	}
}

// write makes room and writes one file. A request is only a help, so a failure is logged and no more.
func (k *Requests) write(r request) {
	defer k.queued.Add(-int64(len(r.text)))
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.files) > 0 && (len(k.files) >= k.options.Files || k.bytes+int64(len(r.text)) > k.options.Bytes) {
		if err := k.root.Remove(k.files[0].name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.options.Logger.Warn("removing an old refused request", "error", err)
			return
		}
		k.bytes -= k.files[0].size
		k.files = k.files[1:]
	}
	if err := k.root.WriteFile(r.name, r.text, 0o600); err != nil {
		k.options.Logger.Warn("keeping a refused request", "error", err)
		k.root.Remove(r.name) //nolint:errcheck // it may be half written, or not there
		return
	}
	k.files = append(k.files, file{r.name, int64(len(r.text))})
	k.bytes += int64(len(r.text))
}

// Read gives the request with a trace id. ErrUnknown.
func (k *Requests) Read(traceID string) ([]byte, error) {
	id, ok := nameOf(traceID)
	if !ok {
		return nil, ErrUnknown
	}
	text, err := k.root.ReadFile(id + extension)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrUnknown
	}
	return text, err
}

// Close lets go of the directory.
func (k *Requests) Close() error { return k.root.Close() }

// nameOf makes a file name of a trace id, which is letters, digits, -, _ and one colon.
func nameOf(traceID string) (string, bool) {
	name := strings.Replace(traceID, ":", ".", 1)
	for _, c := range []byte(name) {
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
		if !plain {
			return "", false
		}
	}
	return name, name != "" && name[0] != '.' && len(name) <= 64
}
