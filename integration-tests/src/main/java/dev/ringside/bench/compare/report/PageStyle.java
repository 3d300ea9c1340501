package dev.ringside.bench.compare.report;

/** How the page looks. */
final class PageStyle {
    static final String CSS = """
            :root { color-scheme: light dark; --ink: #1c2430; --dim: #66707c; --line: #d9dee4; --paper: #fff;
              --card: #f6f8fa; --emulated: #c8553d; --paravirtual: #2a7f9e; --direct: #6a994e;
              --self_virtualising: #8367a8; --failure: #b3402a; }
            @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --dim: #9aa4b0; --line: #39424d;
              --paper: #14181d; --card: #1b2027; --emulated: #e07a5f; --paravirtual: #56b3d3; --direct: #90be6d;
              --self_virtualising: #a98ed0; --failure: #e88a72; } }
            * { box-sizing: border-box }
            body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
              max-width: 84rem; margin: 2.5rem auto; padding: 0 1.5rem; }
            h1 { font-size: 2rem; letter-spacing: -.02em; margin-bottom: .2rem }
            h2 { font-size: 1.4rem; margin-top: 2rem } h3 { font-size: 1.1rem; margin: 2.2rem 0 .6rem }
            p.lead { font-size: 1.15rem; color: var(--dim); margin-top: 0 }
            p.facts { color: var(--dim); font-size: .9rem; margin: .3rem 0 }
            p.note { border-left: 4px solid var(--paravirtual); padding: .2rem .8rem; background: var(--card) }
            p.failure { border-left: 4px solid var(--failure); padding: .2rem .8rem; background: var(--card) }
            ul.ways { list-style: none; padding: 0; display: grid; gap: .4rem 2rem;
              grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)) }
            ul.ways i { display: inline-block; width: .9rem; height: .9rem; border-radius: 3px; margin-right: .5rem;
              vertical-align: -1px }
            i.emulated { background: var(--emulated) } i.paravirtual { background: var(--paravirtual) }
            i.direct { background: var(--direct) } i.self_virtualising { background: var(--self_virtualising) }
            h3.workload { border-top: 1px solid var(--line); padding-top: 1.4rem }
            div.charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)) }
            figure { margin: 0; padding: .8rem 1rem; background: var(--card); border-radius: 8px }
            figcaption { font-weight: 600; margin-bottom: .3rem } figcaption small { color: var(--dim); font-weight: 400 }
            svg { width: 100%; height: auto; font-size: 14px; display: block }
            svg text { fill: var(--ink) } .label { text-anchor: end }
            .value { font-variant-numeric: tabular-nums } .value.best { font-weight: 700 }
            rect.emulated { fill: var(--emulated) } rect.paravirtual { fill: var(--paravirtual) }
            rect.direct { fill: var(--direct) } rect.self_virtualising { fill: var(--self_virtualising) }
            .whisker { stroke: var(--ink); stroke-width: 1.3; fill: none; opacity: .65 }
            div.wide { overflow-x: auto }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums; white-space: nowrap; font-size: .88rem }
            th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid var(--line) }
            tr > :first-child, table.words th, table.words td { text-align: left } th { font-weight: 600 }
            table.words { white-space: normal } table.words td { vertical-align: top; min-width: 10rem }
            code { color: var(--dim); font-size: .8rem } summary { cursor: pointer; color: var(--dim); margin: .5rem 0 }
            pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); padding: .8rem; font-size: .8rem }
            """;

    private PageStyle() {}
}
