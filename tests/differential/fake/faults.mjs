// Faults to plant in perfect rows, one at a time. The comparison must see each of them.

const plusOne = (value) => String(BigInt(value) + 1n);

/** The row in the middle: neither first nor last of anything. */
const middle = (list) => list[Math.floor(list.length / 2)];

const computable = (rows) => middle(rows.positions.filter(({ contract_view: view }) => view !== null));

function inView(field) {
    return (rows) => {
        const { contract_view: view } = computable(rows);
        view[field] = plusOne(view[field]);
    };
}

function inMarket(field, change = plusOne) {
    return (rows) => {
        const row = rows.markets[3];
        row[field] = change(row[field]);
    };
}

function planted(change) {
    return (rows) => {
        const copy = { ...structuredClone({ ...rows, market: null }), market: rows.market };
        change(copy);
        return copy;
    };
}

const CHANGES = {
    totalCollateral: inView('totalCollateralBase'),
    totalDebt: inView('totalDebtBase'),
    availableBorrows: inView('availableBorrowsBase'),
    threshold: inView('currentLiquidationThreshold'),
    ltv: inView('ltv'),
    viewHealthFactor: inView('healthFactor'),
    healthFactor: (rows) => {
        const row = middle(rows.positions.filter(({ health_factor: health }) => health !== null));
        row.health_factor = plusOne(row.health_factor);
    },
    numberInsteadOfText: (rows) => {
        const { contract_view: view } = computable(rows);
        view.totalDebtBase = Number(view.totalDebtBase);
    },
    liquidatable: (rows) => {
        const row = computable(rows);
        row.liquidatable = !row.liquidatable;
    },
    computedWhatReverts: (rows) => {
        const row = rows.positions.find(({ contract_view: view }) => view === null);
        row.contract_view = { ...computable(rows).contract_view };
    },
    revertingIsLiquidatable: (rows) => {
        rows.positions.find(({ contract_view: view }) => view === null).liquidatable = false;
    },
    notComputed: (rows) => {
        Object.assign(computable(rows), { contract_view: null, health_factor: null, liquidatable: null });
    },
    missing: (rows) => rows.positions.splice(Math.floor(rows.positions.length / 2), 1),
    invented: (rows) => rows.positions.push({ ...rows.positions[0], account: '0x' + '12'.repeat(20) }),
    twice: (rows) => rows.positions.push(rows.positions[0]),
    eMode: (rows) => (rows.positions[5].e_mode += 1),
    collateralAmount: (rows) => {
        const { collateral } = rows.positions.find((row) => row.collateral.length > 1);
        collateral[1].amount_raw = plusOne(collateral[1].amount_raw);
    },
    debtAmount: (rows) => (rows.positions[0].debt[0].amount_raw = plusOne(rows.positions[0].debt[0].amount_raw)),
    entryMissing: (rows) => rows.positions.find(({ collateral }) => collateral.length > 1).collateral.pop(),
    enabled: (rows) => {
        const { collateral } = rows.positions.find((row) => row.collateral.length > 0);
        collateral[0].enabled = !collateral[0].enabled;
    },
    coverage: (rows) => (rows.positions[1].coverage = '0.999999'),
    protocolCoverage: (rows) => (rows.status.protocols[0].coverage = '0.999999'),
    unverified: (rows) => (rows.status.protocols[0].state = 'unverified'),
    auditMismatch: (rows) => (rows.status.protocols[0].audit.mismatched = 1),
    gap: (rows) => (rows.status.chains[0].gap_blocks = 1),
    oldBlock: (rows) => (middle(rows.positions).block -= 1),
    otherHash: (rows) => (middle(rows.positions).block_hash = '0x' + '00'.repeat(32)),
    supplied: inMarket('supplied_raw'),
    borrowed: inMarket('borrowed_raw'),
    cash: inMarket('cash_raw'),
    price: inMarket('price_raw'),
    supplyIndex: inMarket('index_supply_raw'),
    borrowIndex: inMarket('index_borrow_raw'),
    paused: inMarket('paused', (is) => !is),
    frozen: inMarket('frozen', (is) => !is),
    marketThreshold: inMarket('liquidation_threshold', (bps) => bps + 1),
    marketMissing: (rows) => rows.markets.pop(),
    borrowers: (rows) => (rows.tvl[0].borrowers += 1),
    liquidationMissing: (rows) => rows.liquidations.pop(),
    liquidationAmount: (rows) => (rows.liquidations[0].collateral_raw = plusOne(rows.liquidations[0].collateral_raw)),
    liquidationInvented: (rows) => rows.liquidations.push({ ...rows.liquidations[0], log_index: 999 }),
};

export const FAULTS = {
    none: (rows) => rows,
    ...Object.fromEntries(Object.entries(CHANGES).map(([name, change]) => [name, planted(change)])),
};
