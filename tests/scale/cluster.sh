#!/bin/sh
# Parts of a sweep, side by side: by GNU parallel, and as a job array of Slurm, whose daemons this
# test starts for itself on this machine.
#   tests/scale/cluster.sh BUILD
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/checks.sh
. "$here/../checks.sh"

# same ONE TWO NAME: two results files, but for the time that they took
same()
{
    sed 's/"seconds":[0-9.e-]*//' "$1" >one.compared
    sed 's/"seconds":[0-9.e-]*//' "$2" >two.compared
    cmp one.compared two.compared >output 2>&1
    result $? "$3"
}

skip()
{
    echo "ok $1: SKIPPED, $2"
    sed 's/^/# /' output 2>/dev/null | tail -n 20
    finish
}

gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -Werror -rdynamic -I"$build/include" -o found \
    "$here/found.c" -L"$build" -Wl,-rpath,"$build" -Wl,--no-as-needed -lfaulttest \
    -Wl,--as-needed -lcmocka >output 2>&1
result $? 'found is built'
ends 1 'all in one run' run --valgrind=none -o all.jsonl ./found

# ---- GNU parallel --------------------------------------------------------------------------------
if parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    # Its exit status is the number of parts that failed; each has findings here.
    parallel --will-cite -j 2 "$faulttest" run --valgrind=none --shard '{}/4' -j 1 \
        -o 'part{}.jsonl' ./found ::: 1 2 3 4 >output 2>&1
    [ $? = 4 ]
    result $? 'GNU parallel runs four parts'
    ends 1 'and they are put together' merge -o parallel.jsonl part1.jsonl part2.jsonl \
        part3.jsonl part4.jsonl
    same parallel.jsonl all.jsonl 'as one run'
    mkdir -p twin && cp found twin/found
    parallel --will-cite -j 2 "$faulttest" run --valgrind=none -j 1 -o '{//}/own.jsonl' '{}' \
        ::: ./found twin/found >output 2>&1
    [ $? = 2 ]
    result $? 'it runs two programs'
    ends 1 'in one run' run --valgrind=none -o both.jsonl ./found twin/found
    ends 1 'put together' merge -o programs.jsonl own.jsonl twin/own.jsonl
    same programs.jsonl both.jsonl 'as one run of both'
else
    echo 'ok GNU parallel: SKIPPED, it is not installed'
fi

# ---- Slurm ---------------------------------------------------------------------------------------
for tool in munged slurmctld slurmd sbatch; do
    command -v "$tool" >/dev/null || skip Slurm "$tool is not installed"
done
[ "$(id -u)" = 0 ] || skip Slurm 'its daemons need root'
host=$(hostname -s 2>/dev/null) || skip Slurm 'this machine has no name'
cluster=$work/cluster
mkdir -p "$cluster/state" "$cluster/spool" "$cluster/munge"
head -c 128 /dev/urandom >"$cluster/munge/key"
chmod 400 "$cluster/munge/key"
port=$((20000 + $$ % 10000 * 2))
cat >"$cluster/slurm.conf" <<END
ClusterName=faulttest
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge/socket
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/builtin
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
KillWait=5
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmdSpoolDir=$cluster/spool
StateSaveLocation=$cluster/state
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE OverSubscribe=FORCE State=UP
END
export SLURM_CONF="$cluster/slurm.conf"
daemons=
trap 'kill $daemons 2>/dev/null; wait; rm -rf "$work"' EXIT

# daemon NAME COMMAND...
daemon()
{
    log=$cluster/$1.log
    shift
    "$@" >"$log" 2>&1 &
    daemons="$! $daemons"
}
daemon munged munged --force --foreground --key-file="$cluster/munge/key" \
    --socket="$cluster/munge/socket" --pid-file="$cluster/munge/pid" \
    --log-file="$cluster/munge/log" --seed-file="$cluster/munge/seed"
for _ in $(seq 50); do
    [ -S "$cluster/munge/socket" ] && break
    sleep 0.1
done
daemon slurmctld slurmctld -D
daemon slurmd slurmd -D -N "$host"
idle=
for _ in $(seq 150); do
    idle=$(sinfo -h -o %T 2>/dev/null | grep -x idle) && break
    sleep 0.2
done
tail -n 8 "$cluster"/*.log "$cluster/munge/log" >output 2>&1
[ "$idle" = idle ] || skip Slurm 'its daemons do not run here'
echo "ok Slurm $(slurmd -V | sed 's/.* //') runs: a controller and a node, $(nproc) processors"
passed=$((passed + 1))

# array EXPECTED NAME ARGUMENT...: of the template for users
array()
{
    expected=$1
    name=$2
    shift 2
    FAULTTEST=$faulttest timeout 200 "$here/../../ci/slurm.sh" "$@" >output 2>&1
    status=$?
    { echo "(exit status $status, expected $expected)"; tail -n 5 ./*/part-*.out; } >>output 2>&1
    [ "$status" = "$expected" ]
    result $? "$name"
}
array 1 'a job array of four' 4 array ./found --valgrind=none
says "faulttest: $(jq -c 'select(.mode != "none")' all.jsonl | wc -l) cases, [1-9][0-9]* failed"
same array/all.jsonl all.jsonl 'which comes to what one run does'
[ "$(cat array/part-?.out | grep -cE 'shard +[1-4]/4: ')" = 4 ]
result $? 'each task had its part'

rm array/part-2.jsonl
array 1 'a part that is missing is made again' 4 array ./found --valgrind=none
same array/all.jsonl all.jsonl 'with the same results'

# A task that is cancelled keeps what it has, and the same command goes on.
gcc -std=gnu11 -D_GNU_SOURCE -g -O1 -DMANY_READS=2500 -rdynamic -I"$build/include" -o many \
    "$here/many.c" -L"$build" -Wl,-rpath,"$build" -Wl,--no-as-needed -lfaulttest \
    -Wl,--as-needed -lcmocka
ends 0 'many in one run' run --valgrind=none --mode partial -o many.jsonl ./many
FAULTTEST=$faulttest timeout 200 "$here/../../ci/slurm.sh" 2 cut ./many --valgrind=none \
    --mode partial >output 2>&1 &
submitted=$!
for _ in $(seq 300); do
    [ "$(wc -l 2>/dev/null <cut/part-1.jsonl.partial || echo 0)" -gt 300 ] && break
    sleep 0.05
done
scancel --name=faulttest
wait "$submitted"
tail -n 4 cut/part-1.out >>output 2>&1
says 'part-1.jsonl is of a run that did not come to its end \(interrupted\)|part [12] has no'
array 0 'what scancel broke off is gone on with' 2 cut ./many --valgrind=none --mode partial
same cut/all.jsonl many.jsonl 'with the results of one run'

array 2 'a wrong option' 2 wrong ./found --mode nosuch
says 'slurm.sh: part 1 has no results; see wrong/part-1.out'
says "no mode 'nosuch'|nosuch"
array 2 'too few arguments' 2
says 'slurm.sh PARTS FOLDER TEST-BINARY'
finish
