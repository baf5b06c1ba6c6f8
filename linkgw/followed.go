package linkgw

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// followedEvery is how often it is written down how far the existing network was followed.
const followedEvery = 5 * time.Second

// followed is the file that says up to when the existing network was followed, for the gap that a restart is.
type followed struct {
	path    string // "" writes nothing
	written time.Time
}

func newFollowed(dir string) followed {
	if dir == "" {
		return followed{}
	}
	return followed{path: filepath.Join(dir, "followed")}
}

// read returns what an earlier process wrote, or the zero time.
func (f *followed) read() (time.Time, error) {
	if f.path == "" {
		return time.Time{}, nil
	}
	data, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s does not hold a time: %w", f.path, err)
	}
	return time.Unix(0, n), nil
}

// write notes a time, when it is long enough since the last, or when it must be: after an import, and at the end. A crash leaves the old file or the new one.
func (f *followed) write(at, now time.Time, must bool) error {
	if f.path == "" || at.IsZero() || !must && now.Sub(f.written) < followedEvery {
		return nil
	}
	f.written = now
	temp := f.path + ".new"
	if err := os.WriteFile(temp, []byte(strconv.FormatInt(at.UnixNano(), 10)+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, f.path)
}
