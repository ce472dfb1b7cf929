/** Descriptors by which the stages of a launch and the process outside speak; no program gets any of them. */
export const LAUNCH_FILES = {
  /** To the child that becomes bwrap: one line, when it stands under its limits. */
  gate: 3,
  /** From the inside: a line `started` right before the program. */
  started: 4,
  workspaceIn: 5,
  workspaceOut: 6,
  seccomp: 7,
  /** From the outside stages: a line `pid <n>`, then what bwrap tells about its children, as JSON lines. */
  status: 8,
  /** bwrap's options, separated by NUL. */
  options: 9,
} as const

/** What lies deeper than the kernel takes as one path can be packed and never be brought back; with room for a folder before it. */
const PATH_BYTES_MAX = 4_000
/** So many folders in one another are no longer than that, whatever they are called. */
const LONGEST_NAMES_IN_PATH = 15

/** Exit code of a launch in which the program was not reached. */
export const LAUNCH_FAILED = 125

/**
 * First stage, as "root" of a user namespace of its own and nowhere else: a mount of limited size and number of files
 * holds all that the program may write, and is gone with the last process that sees it. Then a child waits until it stands
 * under its limits, and becomes bwrap. When the program has ended, what it left in its workspace is told. It is written for bash, which can close descriptors above 9: whatever this
 * process was started with stays outside. The program writes into pipes, since what Node gives a child are sockets, and
 * those cannot be opened by name as /dev/stderr is.
 * Arguments: bytes, files, the folder to mount on, then the bwrap command.
 */
export const OUTER_SCRIPT = `
for open in /proc/self/fd/*; do
  number=\${open##*/}
  if [ "$number" -gt 9 ]; then eval "exec $number>&-"; fi
done
mount -t tmpfs -o "size=$1,nr_inodes=$2,mode=0700,nosuid,nodev" bourse "$3" || exit ${LAUNCH_FAILED}
cd "$3" && mkdir -m 0700 workspace tmp shm || exit ${LAUNCH_FAILED}
shift 3
exec {out}> >(exec cat) {err}> >(exec cat >&2)
(
  echo "pid $BASHPID" >&8
  read -r _ <&3 || exit ${LAUNCH_FAILED}
  exec "$@" 3<&- 6>&- >&$out 2>&$err {out}>&- {err}>&-
)
code=$?
exec 3<&- 4>&- 5<&- 7<&- 9<&- {out}>&- {err}>&-
shopt -s nullglob dotglob
left=(workspace/*)
if [ \${#left[@]} -gt 0 ]; then
  while IFS= read -r -d '' path; do
    if [ \${#path} -gt ${PATH_BYTES_MAX} ]; then exit $code; fi
  done < <(find workspace -mindepth ${LONGEST_NAMES_IN_PATH} -printf '%P\\0')
  tar --create --sparse --one-file-system --directory=workspace . >&6 2>/dev/null
  if [ $? -gt 1 ]; then exit $code; fi
fi
echo kept >&8
exit $code
`

/**
 * Inside: puts the forwarded servers on the loopback, brings back the workspace, and runs the program once the
 * forwarders listen. It is the sandbox's first process, whose end ends all others, and collects those that lost their
 * parent; bwrap's own would not stand under the filter of system calls. When nobody is there to be told that the program
 * begins, it does not: whoever started it died before the kernel was asked to end one with the other. Arguments: open files, processes, memory in KiB
 * (0: limited from outside), "yes" when there is a workspace, triples of port, address as /proc/net/tcp tells it, and
 * socket, ending with "--", then the command.
 */
export const INSIDE_SCRIPT = `
ulimit -c 0 && ulimit -n "$1" && ulimit -l 64 || exit ${LAUNCH_FAILED}
if [ "$3" != 0 ]; then ulimit -u "$2" 2>/dev/null || ulimit -p "$2" && ulimit -d "$3" || exit ${LAUNCH_FAILED}; fi
stored=$4
shift 4
awaited=
table=
while [ "$1" != -- ]; do
  socat "TCP4-LISTEN:$1,bind=127.0.0.1,reuseaddr,fork,max-children=32" "UNIX-CONNECT:$3" \\
    </dev/null >/dev/null 2>&1 3<&- 4>&- 5<&- 7<&- 8>&- 9<&- &
  awaited="$awaited $2"
  shift 3
done
shift
if [ "$stored" = yes ]; then tar --extract --no-same-owner --directory=/workspace --file=- <&5 || exit ${LAUNCH_FAILED}; fi
looks=0
for address in $awaited; do
  until case $table in *"$address 00000000:0000 0A"*) true ;; *) false ;; esac do
    looks=$((looks + 1))
    if [ $looks -gt 1000 ]; then exit ${LAUNCH_FAILED}; fi
    sleep 0.004
    table=$(cat /proc/net/tcp)
  done
done
echo started >&4 || exit ${LAUNCH_FAILED}
exec 3<&- 4>&- 5<&- 6>&- 7<&- 8>&- 9<&-
"$@"
exit $?
`
