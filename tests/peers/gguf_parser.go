// Asks gguf-parser-go one file: llama.cpp, all layers on one card, flash attention, batch 512.
// usage: gguf_parser FILE CONTEXT    prints the bytes on the card
package main

import (
	"fmt"
	"os"
	"strconv"

	gguf "github.com/gpustack/gguf-parser-go"
)

func main() {
	context, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	file, err := gguf.ParseGGUFFile(os.Args[1], gguf.UseMMap())
	if err != nil {
		panic(err)
	}
	e := file.EstimateLLaMACppRun(gguf.WithLLaMACppContextSize(int32(context)), gguf.WithFlashAttention(),
		gguf.WithLLaMACppPhysicalBatchSize(512), gguf.WithLLaMACppOffloadLayers(1<<20))
	// No platform footprint: the truth has none either.
	fmt.Println(uint64(e.SummarizeItem(true, 0, 0).VRAMs[0].NonUMA))
}
