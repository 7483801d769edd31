// Asks node-llama-cpp one file: all layers on one card, flash attention, batch 512.
// usage: node node_llama_cpp.mjs FILE CONTEXT    prints the bytes on the card
import {GgufInsights, readGgufFileInfo} from "node-llama-cpp";

const insights = await GgufInsights.from(await readGgufFileInfo(process.argv[2]));
const gpuLayers = insights.totalLayers;
const model = insights.estimateModelResourceRequirements({gpuLayers});
const context = insights.estimateContextResourceRequirements({
    contextSize: Number(process.argv[3]), modelGpuLayers: gpuLayers, batchSize: 512, sequences: 1, flashAttention: true
});
console.log(model.gpuVram + context.gpuVram);
process.exit(0);
