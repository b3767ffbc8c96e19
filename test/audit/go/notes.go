package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/transparency-dev/formats/log"
	cosigned "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Keys are the log's and a witness's, from the files key and witness.
type Keys struct {
	log     note.Verifier
	witness note.Verifier
}

// LogProof is the text of a .tlog-proof, and the hash of the leaf that it should prove.
type LogProof struct {
	Text string    `json:"text"`
	Leaf tlog.Hash `json:"leaf"`
}

func readKeys(folder string) (*Keys, error) {
	own, err := readLine(filepath.Join(folder, "key"))
	if err != nil {
		return nil, err
	}
	logKey, err := note.NewVerifier(own)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	others, err := readLine(filepath.Join(folder, "witness"))
	if err != nil {
		return nil, err
	}
	witness, err := cosigned.NewVerifierForCosignatureV1(others)
	if err != nil {
		return nil, fmt.Errorf("witness: %w", err)
	}
	return &Keys{log: logKey, witness: witness}, nil
}

func readLine(file string) (string, error) {
	text, err := os.ReadFile(file)
	return strings.TrimSuffix(string(text), "\n"), err
}

// openCheckpoint believes what the log's key signed under its name, if two readers of checkpoints agree on it.
func openCheckpoint(signed []byte, keys *Keys) (tlog.Tree, error) {
	checkpoint, _, _, err := log.ParseCheckpoint(signed, keys.log.Name(), keys.log)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := hashOf(checkpoint.Hash)
	if err != nil {
		return tlog.Tree{}, err
	}
	tree := tlog.Tree{N: int64(checkpoint.Size), Hash: root}
	// What a Go checksum database signs is a checkpoint under another first line.
	opened, err := note.Open(signed, note.VerifierList(keys.log))
	if err != nil {
		return tlog.Tree{}, err
	}
	_, rest, _ := strings.Cut(opened.Text, "\n")
	again, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	if err != nil {
		return tlog.Tree{}, err
	}
	if again != tree {
		return tlog.Tree{}, fmt.Errorf("checkpoint is %v to one reader and %v to the other", tree, again)
	}
	return tree, nil
}

func checkCosignature(signed []byte, keys *Keys) error {
	opened, err := note.Open(signed, note.VerifierList(keys.witness))
	if err != nil {
		return err
	}
	_, err = cosigned.CoSigV1Timestamp(opened.Sigs[0])
	return err
}

func (claim LogProof) check(keys *Keys) error {
	var parsed proof.TLogProof
	if err := parsed.Unmarshal([]byte(claim.Text)); err != nil {
		return err
	}
	tree, err := openCheckpoint(parsed.Checkpoint, keys)
	if err != nil {
		return err
	}
	hashes := make([]tlog.Hash, len(parsed.Hashes))
	for i, hash := range parsed.Hashes {
		hashes[i] = tlog.Hash(hash)
	}
	return Inclusion{int64(parsed.Index), tree.N, claim.Leaf, tree.Hash, hashes}.check()
}

func hashOf(bytes []byte) (tlog.Hash, error) {
	if len(bytes) != rfc6962.DefaultHasher.Size() {
		return tlog.Hash{}, fmt.Errorf("a root of %d bytes", len(bytes))
	}
	return tlog.Hash(bytes), nil
}
