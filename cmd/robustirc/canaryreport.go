package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"robustirc/canary/compare"
	"robustirc/canary/report"
)

// reportFormats says how a report's file name chooses its format.
const reportFormats = "HTML, or .json, .xml (JUnit), .md, .txt"

// writeReport writes a report in the format that the file's name asks for.
func writeReport(path string, r *compare.Result) error {
	format := "html"
	switch filepath.Ext(path) {
	case ".json":
		format = "json"
	case ".xml":
		format = "junit"
	case ".md":
		format = "markdown"
	case ".txt":
		format = "text"
	}
	return writeReportAs(path, format, r)
}

// writeReportAs writes a report to a file, or to standard output for "-".
func writeReportAs(path, format string, r *compare.Result) error {
	var b bytes.Buffer
	if err := report.Write(&b, format, r); err != nil {
		return err
	}
	var err error
	if path == "-" {
		_, err = os.Stdout.Write(b.Bytes())
	} else {
		err = os.WriteFile(path, b.Bytes(), 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
