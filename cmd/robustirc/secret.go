package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// passwordVariable is the environment variable that may hold the network password.
const passwordVariable = "ROBUSTIRC_NETWORK_PASSWORD"

// networkPassword reads the network password from a file, or from the environment when no file is named. It is never
// taken from the command line, which every user of the machine can read.
func networkPassword(file string) (string, error) {
	if file != "" {
		return readSecret(file)
	}
	if p := os.Getenv(passwordVariable); p != "" {
		return p, nil
	}
	return "", usageError{errors.New("the network password is missing: name its file with --password-file, or set " + passwordVariable)}
}

// readSecret reads the first line of a file, and warns when others can read it too.
func readSecret(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
		slog.Warn("a secret can be read by other users; run chmod 600", "file", file)
	}
	secret, _, _ := strings.Cut(string(data), "\n")
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", usageError{fmt.Errorf("%s is empty", file)}
	}
	return secret, nil
}
