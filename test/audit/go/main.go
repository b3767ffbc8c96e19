// Command logcheck reads folders of a log as a stranger would, who has others' libraries and the log's key: tiles and checkpoint by
// golang.org/x/mod/sumdb, proofs by that and by github.com/transparency-dev/merkle, cosignatures and proofs of entries by
// github.com/transparency-dev/formats. Of each folder it prints one line of JSON: what it checked, and "" or what is wrong with it.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Report has "" for what was accepted, and the reason for what was not.
type Report struct {
	Checkpoint  string            `json:"checkpoint"`
	Cosignature string            `json:"cosignature"`
	Tiles       string            `json:"tiles"`
	Needed      int               `json:"needed"`
	Proofs      map[string]string `json:"proofs"`
}

// Proofs is proofs.json: what our code says about the tree, each claim under its own name.
type Proofs struct {
	Inclusion   map[string]Inclusion   `json:"inclusion"`
	Consistency map[string]Consistency `json:"consistency"`
	Ranges      map[string]Range       `json:"ranges"`
	LogProofs   map[string]LogProof    `json:"logProofs"`
}

func main() {
	for _, folder := range os.Args[1:] {
		report, err := check(folder)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", folder, err)
			os.Exit(1)
		}
		if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func check(folder string) (*Report, error) {
	keys, err := readKeys(folder)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(folder, "proofs.json"))
	if err != nil {
		return nil, err
	}
	var proofs Proofs
	if err := json.Unmarshal(raw, &proofs); err != nil {
		return nil, err
	}
	signed, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return nil, err
	}
	report := &Report{Proofs: map[string]string{}}
	tree, err := openCheckpoint(signed, keys)
	report.Checkpoint = said(err)
	report.Cosignature = said(checkCosignature(signed, keys))
	if err == nil {
		report.Needed, err = checkTiles(folder, tree)
		report.Tiles = said(err)
	}
	for name, claim := range proofs.Inclusion {
		report.Proofs[name] = said(claim.check())
	}
	for name, claim := range proofs.Consistency {
		report.Proofs[name] = said(claim.check())
	}
	for name, claim := range proofs.Ranges {
		report.Proofs[name] = said(claim.check())
	}
	for name, claim := range proofs.LogProofs {
		report.Proofs[name] = said(claim.check(keys))
	}
	return report, nil
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
