# Short names for the verbs of build.sh: 'make test ARGS="-tc=redis*"' is
# './build.sh test "-tc=redis*"'.

VERBS = build deps nginx test http3 faults soak simulate mutants fleet \
        memcheck fuzz demo debug bench install uninstall package trial builds \
        matrix lint clean help

all: build

$(VERBS):
	@./build.sh $@ $(ARGS)

.PHONY: all $(VERBS)
