#!/usr/bin/env bash
# A Slurm cluster on this machine: a controller, and two nodes that are hosts to each other, with names, process numbers
# and mounts of their own. For tests; as root, on Linux, with Debian's packages slurm-wlm and munge:
#
#   apt-get install --no-install-recommends slurm-wlm munge
#   tools/slurm.sh up FOLDER            # then: export SLURM_CONF=FOLDER/slurm.conf
#   tools/slurm.sh kill FOLDER node1    # as if its power failed
#   tools/slurm.sh start FOLDER node1
#   tools/slurm.sh down FOLDER
set -euo pipefail

usage() { sed -n '2,9s/^# \?//p' "$0" >&2; exit 2; }

# write_config writes slurm.conf. A lost node is noticed after ten seconds instead of five minutes.
write_config() {
	local port=$((20000 + $$ % 20000))
	cat >"$folder/slurm.conf" <<-CONF
		ClusterName=moelab
		SlurmctldHost=$(hostname)(127.0.0.1)
		SlurmctldPort=$port
		AuthType=auth/munge
		AuthInfo=socket=$folder/munge/socket
		SlurmUser=root
		SlurmdUser=root
		StateSaveLocation=$folder/state
		SlurmdSpoolDir=$folder/spool/%n
		SlurmctldPidFile=$folder/slurmctld.pid
		SlurmdPidFile=$folder/slurmd-%n.pid
		SlurmctldLogFile=$folder/slurmctld.log
		SlurmdLogFile=$folder/slurmd-%n.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SwitchType=switch/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		ReturnToService=2
		SlurmdTimeout=10
		KillWait=30
		NodeName=node1 NodeHostname=node1 NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=2
		NodeName=node2 NodeHostname=node2 NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=2
		PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP
	CONF
}

start() {
	mkdir -p "$folder/spool/$1"
	setsid unshare --uts --pid --mount --fork --kill-child --mount-proc \
		sh -c 'hostname "$0" && exec slurmd -D -N "$0"' "$1" >"$folder/$1.out" 2>&1 </dev/null &
	echo $! >"$folder/$1.pid"
}

# end kills the process in a file, if there is one, and waits for its end. With a node's all that runs there ends.
end() {
	[ -f "$1" ] || return 0
	local process
	process=$(cat "$1")
	kill -KILL "$process" 2>/dev/null || true
	while kill -0 "$process" 2>/dev/null; do sleep 0.1; done
	rm -f "$1"
}

[ $# -ge 2 ] || usage
mkdir -p "$2"
folder=$(cd "$2" && pwd)
export SLURM_CONF=$folder/slurm.conf
case $1 in
up)
	mkdir -p "$folder/state" "$folder/munge"
	chmod 700 "$folder/munge"
	write_config
	(umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
	munged --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" \
		--pid-file="$folder/munged.pid" --log-file="$folder/munge/log" --seed-file="$folder/munge/seed"
	slurmctld -i
	start node1
	start node2
	;;
start) start "$3" ;;
kill) end "$folder/$3.pid" ;;
down)
	for name in node1 node2 slurmctld munged; do end "$folder/$name.pid"; done
	;;
*) usage ;;
esac
