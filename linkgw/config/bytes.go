package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes is a size: a number, or one with KiB, MiB or GiB behind it in a string.
type Bytes int64

var units = []struct {
	suffix string
	factor int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"B", 1}}

// maxBytes is what a size may be.
const maxBytes = 1 << 46

// UnmarshalTOML reads either form.
func (b *Bytes) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case int64:
		return b.set(v, 1)
	case string:
		for _, u := range units {
			if number, ok := strings.CutSuffix(v, u.suffix); ok {
				n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
				if err != nil {
					break
				}
				return b.set(n, u.factor)
			}
		}
	}
	return fmt.Errorf(`a size is a number of bytes, or a string like "64 MiB"`)
}

func (b *Bytes) set(n, factor int64) error {
	if n < 0 || n > maxBytes/factor {
		return fmt.Errorf("a size is from 0 to %d bytes", int64(maxBytes))
	}
	*b = Bytes(n * factor)
	return nil
}
