# bash completion for vramfit
_vramfit() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=
  _vramfit_names() { vramfit list "$1" -f tsv 2>/dev/null | tail -n +2 | cut -f1 | tr ' ' '-'; }
  case $prev in
    --model|-m)
      words=$(_vramfit_names models) ;;
    --quant|-q)
      words=$(_vramfit_names quants) ;;
    --gpu|-g)
      words=$(_vramfit_names gpus) ;;
    --context|-c)
      words='train max' ;;
    --runtime|-r)
      words=$(_vramfit_names runtimes) ;;
    --desktop)
      words=$(_vramfit_names desktops) ;;
    --os)
      words='linux windows' ;;
    --parallel)
      words='max' ;;
    --flash-attn)
      words='auto on off' ;;
    --outputs)
      words='all' ;;
    --gpu-layers)
      words='all auto' ;;
    --cpu-moe)
      words='all auto' ;;
    --split)
      words='layer row tensor none' ;;
    --backend)
      words='cuda rocm vulkan metal sycl cpu' ;;
    --host-memory)
      words='auto' ;;
    --policy)
      words='conservative median optimistic' ;;
    --train)
      words='full lora qlora' ;;
    --workload)
      words='chat steering eval embed' ;;
    --accept)
      words='fit fragile' ;;
    --format|-f)
      words='table json jsonl csv tsv markdown svg html sarif junit github' ;;
    --color)
      words='auto always never' ;;
    list)
      words='models quants gpus runtimes desktops' ;;
    *)
      words='--model --models-from --null --quant --gpu --context --runtime --desktop --reserve --os --catalog --parallel --kv-type --cache-type-k --cache-type-v --flash-attn --batch --ubatch --prompt --outputs --gpu-layers --cpu-moe --override-tensor --split --tensor-split --tensor-parallel --pipeline-parallel --expert-parallel --backend --embeddings --mtp --swa-full --kv-unified --no-kv-offload --no-op-offload --no-mmap --max-num-seqs --max-num-batched-tokens --gpu-memory-utilization --host-memory --policy --draft --draft-max --mmproj --lora --also --train --workload --exec --accept --verify --format --explain --quiet --color --help --version list show check diff verify lock help version' ;;
  esac
  local IFS=$' \n'
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _vramfit vramfit
