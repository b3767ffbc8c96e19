package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The height of C2SP's tiles, which their paths leave out.
const height = 8

// folderTiles are tiles in files; sumdb's reader checks them against the tree.
type folderTiles string

func (folder folderTiles) Height() int { return height }

func (folder folderTiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (folder folderTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(tiles))
	for i, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(string(folder), pathOf(tile)))
		if err != nil {
			return nil, err
		}
		if want := tile.W * tlog.HashSize; len(bytes) != want {
			return nil, fmt.Errorf("%s has %d bytes, not %d", pathOf(tile), len(bytes), want)
		}
		read[i] = bytes
	}
	return read, nil
}

func pathOf(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

func entriesPathOf(tile tlog.Tile) string {
	return strings.Replace(pathOf(tile), "tile/0/", "tile/entries/", 1)
}

// checkTiles reads every tile and every entry of a tree, holds them against its root, and answers how many files that takes.
func checkTiles(folder string, tree tlog.Tree) (int, error) {
	if tree.N == 0 {
		return 0, nil
	}
	reader := tlog.TileHashReader(tree, folderTiles(folder))
	root, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return 0, err
	}
	if root != tree.Hash {
		return 0, fmt.Errorf("the tiles lead to %v, not to %v", root, tree.Hash)
	}
	needed := 0
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		bytes, err := folderTiles(folder).ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return 0, err
		}
		// What the reader makes of the tiles below, it has to find in this one.
		made, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return 0, err
		}
		if string(made) != string(bytes[0]) {
			return 0, fmt.Errorf("%s is not what the tree has there", pathOf(tile))
		}
		needed++
		if tile.L > 0 {
			continue
		}
		if err := checkEntries(folder, tile, bytes[0]); err != nil {
			return 0, err
		}
		needed++
	}
	return needed, nil
}

func checkEntries(folder string, tile tlog.Tile, hashes []byte) error {
	path := entriesPathOf(tile)
	rest, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return err
	}
	for i := range tile.W {
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			return fmt.Errorf("%s ends in entry %d", path, i)
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		hash := tlog.RecordHash(rest[2:end])
		if string(hash[:]) != string(hashes[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return fmt.Errorf("entry %d of %s is not the leaf in its tile", i, path)
		}
		rest = rest[end:]
	}
	if len(rest) > 0 {
		return fmt.Errorf("%s has %d bytes too many", path, len(rest))
	}
	return nil
}
