package connect

import (
	"context"
	"io"
	"os"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"golang.org/x/term"
)

// prompt is where lines are typed. Keys are read and decoded by bubbletea, and edit
// the text of a textinput; the row on the screen is drawn by line, because what is
// printed above it may be higher and wider than the terminal, and belongs into its
// scrollback.
type prompt struct {
	out     *output
	line    *line
	input   textinput.Model
	history *history
	program *tea.Program
	take    func(line string)
	cooked  *term.State // of the terminal, before and after
}

// The modes of a terminal in which it tells pasted text from typed text.
const (
	pasteOn  = "\x1b[?2004h"
	pasteOff = "\x1b[?2004l"
)

func newPrompt(out *output, keep bool) *prompt {
	p := &prompt{
		out:     out,
		line:    &line{terminal: os.Stdout, columns: terminalColumns, colours: out.colours},
		input:   textinput.New(),
		history: new(history),
	}
	p.input.SetVirtualCursor(false)
	p.input.KeyMap.Paste = key.NewBinding() // pasting is the terminal's
	p.input.Focus()
	if keep {
		h, err := openHistory()
		if err != nil {
			out.complaint("history: %v: what is typed is not kept; --no-history is without this message", err)
			h = new(history)
		}
		p.history = h
	}
	p.program = tea.NewProgram(p,
		tea.WithInput(&keys{File: os.Stdin}),
		tea.WithOutput(io.Discard),
		tea.WithoutRenderer(),
		tea.WithoutSignalHandler(),
		tea.WithColorProfile(colorprofile.ANSI), // nothing is coloured by it, so it need not ask
	)
	return p
}

func terminalColumns() int {
	columns, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil || columns <= 0 {
		return 80
	}
	return columns
}

// run calls take for each line, until Ctrl-C, Ctrl-D, stop or the end of ctx. The
// terminal is then as it was before.
func (p *prompt) run(ctx context.Context, take func(line string)) error {
	p.take = take
	if err := p.show(); err != nil {
		p.program.Kill() // nobody shall wait for it in stop
		return err
	}
	defer p.hide()
	defer context.AfterFunc(ctx, p.stop)()
	defer onResize(func() { p.redraw(func() {}) })()
	_, err := p.program.Run()
	return err
}

// stop makes run return. It may be called at any time, and more than once.
func (p *prompt) stop() { p.program.Quit() }

// show takes the terminal over and shows the line.
func (p *prompt) show() error {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	var err error
	if p.cooked, err = term.MakeRaw(int(os.Stdin.Fd())); err != nil {
		return err
	}
	p.out.prompt = p.line
	p.line.write(pasteOn)
	p.line.draw()
	return nil
}

// hide takes the line away and gives the terminal back.
func (p *prompt) hide() {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.out.prompt == nil {
		return
	}
	p.out.prompt = nil
	p.line.write("\r\x1b[K" + pasteOff)
	term.Restore(int(os.Stdin.Fd()), p.cooked)
}

// redraw shows the line, unless it was taken away, after a change.
func (p *prompt) redraw(change func()) {
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	change()
	if p.out.prompt != nil {
		p.line.draw()
	}
}

// Init is called first.
func (p *prompt) Init() tea.Cmd { return nil }

// View is called by nobody: there is no renderer.
func (p *prompt) View() tea.View { return tea.View{} }

// Update is called for each key, and what else happens.
func (p *prompt) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.ResumeMsg:
		if err := p.show(); err != nil {
			return p, tea.Quit
		}
	case tea.KeyPressMsg:
		return p, p.press(msg)
	case tea.PasteMsg:
		return p, p.edit(msg)
	}
	return p, nil
}

// press does what a key is for.
func (p *prompt) press(key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "enter", "ctrl+j":
		p.enter()
	case "up", "ctrl+p":
		p.recall(-1)
	case "down", "ctrl+n":
		p.recall(1)
	case "tab":
		p.set(p.input.Value() + completion(p.input.Value()))
	case "ctrl+l":
		p.redraw(func() { p.line.write("\x1b[2J\x1b[H") }) // the line is the first one on the screen then
	case "ctrl+z":
		p.hide()
		return tea.Suspend
	case "ctrl+c":
		return tea.Quit
	case "ctrl+d":
		if p.input.Value() == "" {
			return tea.Quit
		}
		return p.edit(key)
	default:
		return p.edit(key)
	}
	return nil
}

// edit lets the textinput do what msg says.
func (p *prompt) edit(msg tea.Msg) (cmd tea.Cmd) {
	p.input, cmd = p.input.Update(msg)
	p.changed()
	return cmd
}

// changed shows the text as it is now.
func (p *prompt) changed() {
	p.redraw(func() {
		p.line.text = pictures(p.input.Value())
		p.line.cursor = p.input.Position()
		p.line.hint = completion(p.input.Value())
	})
}

// enter takes the line; one without text is none.
func (p *prompt) enter() {
	text := p.input.Value()
	if text == "" {
		return
	}
	p.out.mu.Lock()
	p.line.leave()
	p.out.mu.Unlock()
	err := p.history.add(text)
	p.input.Reset()
	p.changed()
	if err != nil {
		p.out.complaint("%v", err)
		p.history.path = ""
	}
	p.take(string(carried(text)))
}

// recall shows another line of the history; see [history.step].
func (p *prompt) recall(by int) {
	if text, ok := p.history.step(by, p.input.Value()); ok {
		p.set(text)
	}
}

// set puts text in the place of what is typed.
func (p *prompt) set(text string) {
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.changed()
}

// completion returns what is missing of the first command that text may become.
func completion(text string) string {
	if len(text) < len("/") {
		return ""
	}
	for _, command := range []string{"/close ", "/help", "/ping", "/quit", "/text "} {
		if missing, ok := strings.CutPrefix(command, text); ok {
			return missing
		}
	}
	return ""
}
