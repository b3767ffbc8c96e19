package main

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

// Inclusion says that a leaf is at an index of a tree.
type Inclusion struct {
	Index int64       `json:"index"`
	Size  int64       `json:"size"`
	Leaf  tlog.Hash   `json:"leaf"`
	Root  tlog.Hash   `json:"root"`
	Proof []tlog.Hash `json:"proof"`
}

// Consistency says that one tree is the beginning of another.
type Consistency struct {
	From     int64       `json:"from"`
	To       int64       `json:"to"`
	FromRoot tlog.Hash   `json:"fromRoot"`
	ToRoot   tlog.Hash   `json:"toRoot"`
	Proof    []tlog.Hash `json:"proof"`
}

// Range says that leaves [First, First + len(Leaves)) of a tree are these. Proof has the complete subtrees of [0, First), largest
// first, then the right siblings on the path from the last leaf to the root, lowest first.
type Range struct {
	First  int64       `json:"first"`
	Size   int64       `json:"size"`
	Leaves []tlog.Hash `json:"leaves"`
	Root   tlog.Hash   `json:"root"`
	Proof  []tlog.Hash `json:"proof"`
}

func (claim Inclusion) check() error {
	return agreed(
		tlog.CheckRecord(claim.Proof, claim.Size, claim.Root, claim.Index, claim.Leaf),
		proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(claim.Index), uint64(claim.Size), claim.Leaf[:], bytesOf(claim.Proof), claim.Root[:]),
	)
}

func (claim Consistency) check() error {
	return agreed(
		tlog.CheckTree(claim.Proof, claim.To, claim.ToRoot, claim.From, claim.FromRoot),
		proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(claim.From), uint64(claim.To), bytesOf(claim.Proof), claim.FromRoot[:], claim.ToRoot[:]),
	)
}

// A range is as good as the inclusion of its last leaf, whose siblings on the left are made from what precedes it.
func (claim Range) check() error {
	count := bits.OnesCount64(uint64(claim.First))
	last := claim.First + int64(len(claim.Leaves)) - 1
	if last < claim.First || len(claim.Proof) < count {
		return fmt.Errorf("no leaf, or fewer than %d hashes", count)
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	before, err := factory.NewRange(0, uint64(claim.First), bytesOf(claim.Proof[:count]))
	if err != nil {
		return err
	}
	for _, leaf := range claim.Leaves[:len(claim.Leaves)-1] {
		if err := before.Append(leaf[:], nil); err != nil {
			return err
		}
	}
	left, right := slices.Clone(before.Hashes()), claim.Proof[count:]
	var path []tlog.Hash
	for node, end := last, claim.Size-1; end > 0; node, end = node/2, end/2 {
		switch {
		case node%2 == 1 && len(left) > 0:
			path, left = append(path, tlog.Hash(left[len(left)-1])), left[:len(left)-1]
		case node%2 == 0 && node < end && len(right) > 0:
			path, right = append(path, right[0]), right[1:]
		case node%2 == 1 || node < end:
			return fmt.Errorf("the proof has too few hashes")
		}
	}
	if len(left) > 0 || len(right) > 0 {
		return fmt.Errorf("the proof has too many hashes")
	}
	return Inclusion{last, claim.Size, claim.Leaf(last), claim.Root, path}.check()
}

// Leaf is the hash of a leaf of the range.
func (claim Range) Leaf(index int64) tlog.Hash {
	return claim.Leaves[index-claim.First]
}

// agreed is what two libraries say, who must say the same.
func agreed(sumdb, merkle error) error {
	if (sumdb == nil) != (merkle == nil) {
		panic(fmt.Sprintf("the libraries disagree: %v, %v", sumdb, merkle))
	}
	return sumdb
}

func bytesOf(hashes []tlog.Hash) [][]byte {
	bytes := make([][]byte, len(hashes))
	for i := range hashes {
		bytes[i] = hashes[i][:]
	}
	return bytes
}
