#!/bin/bash
# A worked example: two judges, their scores, and a target that learns from noisy data by SFT, by a filter, and by PoFT.
# Needs poft in the PATH; writes into the folder in which it is started. A minute or two on two cores.
set -e

# Sums and words to copy; of the noisy ones three in ten have the response of another line.
make_data() {  # samples, seed, share of noise
  awk -v n=$1 -v seed=$2 -v noise=$3 'BEGIN { srand(seed)
    for (i = 0; i < n; ++i) {
      a = int(rand() * 10); b = int(rand() * 10); word = ""
      for (k = 0; k < 3; ++k) word = word substr("abcdefgh", 1 + int(rand() * 8), 1)
      if (i % 2) { prompt[i] = a "+" b "="; response[i] = a + b; task[i] = "add" }
      else { prompt[i] = "copy " word; response[i] = word; task[i] = "copy" }
    }
    for (i = 0; i < n; ++i) { j = rand() < noise ? int(rand() * n) : i
      printf "{\"id\":\"%d-%d\",\"prompt\":\"%s\",\"response\":\"%s\",\"task\":\"%s\",\"clean\":%s}\n", seed, i, prompt[i], response[j], task[i], j == i ? "true" : "false" } }'
}
make_data 2000 1 0 > judges.jsonl
make_data 2000 2 0.3 > noisy.jsonl
make_data 200 3 0 > held_out.jsonl
SMALL="--tokenizer bytes --positions 48 --batch 32 --lr 3e-3"

# Two aligned models of two families, trained on data of their own.
poft train --preset gpt_nano   $SMALL --data judges.jsonl --objective sft --epochs 6 --out judge_a
poft train --preset llama_nano $SMALL --data judges.jsonl --objective sft --epochs 6 --out judge_b

# Their opinion of the noisy data, each in its own tokens, joined by id.
poft score --model judge_a --data noisy.jsonl --out a.jsonl
poft score --model judge_b --data noisy.jsonl --out b.jsonl
poft merge a.jsonl b.jsonl --out mean.jsonl

# A target that starts from nothing, by SFT on all, by SFT on the best 60 %, and by PoFT on all.
poft filter --data noisy.jsonl --scores mean.jsonl --keep-top 0.6 --out best.jsonl
poft train --preset gpt_nano $SMALL --model-seed 7 --data noisy.jsonl --objective sft --epochs 10 --held-out held_out.jsonl --evaluation-every 50 --out sft
poft train --preset gpt_nano $SMALL --model-seed 7 --data best.jsonl --objective sft --epochs 10 --held-out held_out.jsonl --evaluation-every 50 --out filtered
poft train --preset gpt_nano $SMALL --model-seed 7 --data noisy.jsonl --objective poft=beta:2 --scores mean.jsonl --epochs 10 --out poft
for model in judge_a judge_b sft filtered poft; do poft evaluate --model $model --data held_out.jsonl --new-tokens 8; done
poft report judge_a judge_b sft filtered poft --out report.html
