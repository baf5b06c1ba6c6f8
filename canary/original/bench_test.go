package original

import (
	"encoding/binary"
	"path/filepath"
	"testing"

	"github.com/syndtr/goleveldb/leveldb"
)

// BenchmarkImport reads a log of 100,000 lines of 100 users in 10 channels.
func BenchmarkImport(b *testing.B) {
	const size = 100_000
	n := newNetwork(encodings[1])
	var users []uint64
	for i := range 100 {
		users = append(users, n.user("user"+string(rune('A'+i%26))+string(rune('a'+i/26))))
		n.say(users[i], "JOIN #chan%d", i%10)
	}
	for n.index < size {
		n.say(users[n.index%100], "PRIVMSG #chan%d :a line of about the usual length, number %d", n.index%10, n.index)
	}
	dir := b.TempDir()
	db, err := leveldb.OpenFile(filepath.Join(dir, "raftlog"), nil)
	if err != nil {
		b.Fatal(err)
	}
	var batch leveldb.Batch
	for i := uint64(1); i <= n.index; i++ {
		batch.Put(binary.BigEndian.AppendUint64(nil, i), n.entries[i])
		if i%1000 == 0 || i == n.index {
			if err := db.Write(&batch, nil); err != nil {
				b.Fatal(err)
			}
			batch.Reset()
		}
	}
	db.Close()
	n.entries = nil
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Import(b.Context(), Options{RaftDir: dir, Out: filepath.Join(b.TempDir(), "out"), Network: "irc.example.net", MessageOffset: DefaultMessageOffset}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
