#!/bin/sh
# Parts of one sweep on a Slurm cluster: a job array, and one results file at its end.
#   slurm.sh PARTS FOLDER TEST-BINARY... [OPTION...]
# submits PARTS tasks, waits for them, and puts FOLDER/part-I.jsonl together as FOLDER/all.jsonl.
# OPTIONs are those of `faulttest run`. FOLDER and the programs must be the same on every node.
# The exit status is that of `faulttest merge`: 0 nothing failed, 1 findings, 2 a part is missing.
#
#   FAULTTEST       the command; default: faulttest
#   SBATCH_OPTIONS  for sbatch: a partition, an account, more time
#
# A task that Slurm stops (its time is over, its node is wanted) keeps what it found; the same
# command again, or a requeue by Slurm, goes on from there.
#SBATCH --job-name=faulttest
#SBATCH --cpus-per-task=1
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu

if [ -n "${SLURM_ARRAY_TASK_ID-}" ]; then
    parts=$1 folder=$2
    shift 2
    # By exec it is the command itself that gets Slurm's SIGTERM, some seconds before the end.
    exec "${FAULTTEST:-faulttest}" run --shard "$SLURM_ARRAY_TASK_ID/$parts" --resume \
        -j "${SLURM_CPUS_PER_TASK:-1}" -o "$folder/part-$SLURM_ARRAY_TASK_ID.jsonl" "$@"
fi

if [ $# -lt 3 ]; then
    sed -n '2,/^#SBATCH/{ /^#SBATCH/d; s/^# \{0,1\}//; p; }' "$0" >&2
    exit 2
fi
parts=$1 folder=$2
mkdir -p "$folder"
# The tasks end with the status of their findings; what counts is what they come to together.
# shellcheck disable=SC2086  # options, each a word
sbatch --wait --array="1-$parts" --output="$folder/part-%a.out" ${SBATCH_OPTIONS-} "$0" "$@" ||
    true
part=0
set --
while [ $((part += 1)) -le "$parts" ]; do
    if [ ! -e "$folder/part-$part.jsonl" ]; then
        echo "slurm.sh: part $part has no results; see $folder/part-$part.out" >&2
        exit 2
    fi
    set -- "$@" "$folder/part-$part.jsonl"
done
"${FAULTTEST:-faulttest}" merge -o "$folder/all.jsonl" "$@"
